"""Passes and rules are the same set: nothing is lost in merging, and nothing widens."""

import itertools
import string
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoko.policy import PolicyError, expand, slices
from shoko.policy.nft import ruleset

from .sites import declare, flow, small


def cells(rules):
    """Every single permission of rules, as (flow, family, protocol, iif, oif, source, destination, port, uids)."""
    return [
        (rule["flow"], rule["family"], rule["protocol"], rule["iif"], rule["oif"], source, destination, port,
         tuple(rule["uids"]))
        for rule in rules
        for source, destination, port in itertools.product(rule["sources"], rule["destinations"], rule["ports"])
    ]  # fmt: skip


def written(network):
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def expected_at_gateways(declaration):
    interface = {name: segment.interface for name, segment in declaration.segments.items()}
    return {
        (item.flow, item.family, item.protocol, interface[item.source.segment], interface[item.destination.segment],
         written(source), written(destination), item.port, ())
        for item in expand(declaration) if item.routed
        for source in item.sources for destination in item.destinations
    }  # fmt: skip


def at_gateways(content):
    return [cell for pair in content["firewall"]["forward"]["pairs"] for cell in cells(pair["rules"])]


ENDS = [
    {"host": "rp1"}, {"host": "ctl1"}, {"host": "px1"}, {"host": "tb1"}, {"group": "databases"},
    {"group": "ils_servers", "leg": "webopac"}, {"group": "ils_servers", "leg": "business"},
    {"zone": "business"}, {"zone": "business", "segments": ["floor"]}, {"zone": "data"}, {"zone": "dmz"},
    {"zone": "internet"}, {"managed": True},
]  # fmt: skip
TARGETS = [end for end in ENDS if "managed" not in end] + [{"vip": "opac"}, {"vip": "proxy"}, {"gateway": "line"}]


@st.composite
def sites(draw):
    """The small site with flows between arbitrary ends; single flows may be unresolvable and are then dropped."""
    tree = small()
    services = st.lists(st.sampled_from(sorted(tree["services"])), min_size=1, max_size=3, unique=True)
    flows = {}
    for name in string.ascii_lowercase[: draw(st.integers(1, 6))]:
        candidate = flow(draw(st.sampled_from(ENDS)), draw(st.sampled_from(TARGETS)), *draw(services))
        if draw(st.booleans()):
            candidate["families"] = [draw(st.sampled_from(["ipv4", "ipv6"]))]
        alone = {**tree, "flows": {name: candidate}, "platform": {}, "numbers": {name: 1}}
        try:
            expand(declare(alone))
        except PolicyError:
            continue
        flows[name] = candidate
    tree["flows"] = {**flows, "out": tree["flows"]["out"]}
    tree["numbers"] = {name: n for n, name in enumerate((*tree["flows"], *tree["platform"]), start=1)}
    return tree


@given(sites())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_rules_permit_exactly_the_passes(tree):
    declaration = declare(tree)
    content = slices(declaration)
    for gateway in declaration.gateways.hosts:
        found = at_gateways(content[gateway])
        assert len(found) == len(set(found)), "a permission stands twice"
        assert set(found) == expected_at_gateways(declaration)
    for name, host in declaration.hosts.items():
        own = {str(address) for leg in host.legs for address in (leg.ipv4, leg.ipv6)}
        shared = {address for one in content[name]["firewall"]["legs_bind"] for address in one["addresses"]}
        assert {cell[5] for cell in cells(content[name]["firewall"]["output"])} <= own
        assert {cell[6] for cell in cells(content[name]["firewall"]["input"])} <= shared


@given(sites())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_rendered_rulesets_load_twice(tree):
    content = slices(declare(tree))
    for name in ("fw1", "rp1", "app1", "px1", "tb1"):
        load(ruleset(content[name]))


def load(text):
    """Load a ruleset twice into an empty network namespace: the second time replaces the first."""
    done = subprocess.run(
        ["unshare", "--net", "nft", "-f", "-"], input=text + text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_only_the_sending_host_asks_for_the_process():
    content = slices(declare(small()))
    assert {cell[8] for cell in cells(content["app1"]["firewall"]["output"]) if cell[0] == "data"} == {(58001,)}
    assert {cell[8] for cell in at_gateways(content["fw1"])} == {()}
    assert "meta skuid { 58001 }" in ruleset(content["app1"])


def test_an_unknown_process_owner_is_refused():
    tree = small()
    tree["flows"]["data"]["from"]["as"] = ["nobody-reserved"]
    with pytest.raises(PolicyError, match=r"flows\.data\.from\.as: no number is reserved for nobody-reserved"):
        slices(declare(tree))


def test_a_window_opens_between_single_addresses_only():
    tree = small()
    tree["flows"]["counter"]["window"] = {"by": "command", "longest": "1h"}
    with pytest.raises(PolicyError, match=r"flows\.counter: a window opens between single addresses"):
        slices(declare(tree))


def test_windows_name_the_elements_that_open_them_on_every_host_that_looks():
    content = slices(declare(small()))
    (window,) = content["fw1"]["firewall"]["windows"]
    assert window["flow"] == "visit"
    assert window["ipv4"] == [[0x80000000 | window["number"], "10.10.41.21", "10.10.50.11", 5432]]
    assert content["tb1"]["firewall"]["windows"] == content["db1"]["firewall"]["windows"] == [window]
    assert content["rp1"]["firewall"]["windows"] == []


@pytest.mark.parametrize("key", ["sources", "destinations", "ports"])
def test_an_empty_list_ends_the_rendering(key):
    for exact in (True, False):
        content = slices(declare(small()))["app1"]
        rule = next(rule for rule in content["firewall"]["input"] if rule["exact"] is exact)
        rule[key] = []
        with pytest.raises(PolicyError, match="an_empty_list_would_widen_this_rule"):
            ruleset(content)


def test_empty_users_of_a_restricted_rule_end_the_rendering():
    content = slices(declare(small()))["app1"]
    rule = next(rule for rule in content["firewall"]["output"] if rule["users"])
    rule["uids"] = []
    with pytest.raises(PolicyError, match="an_empty_list_would_widen_this_rule"):
        ruleset(content)


def test_exact_members_stand_in_hash_sets_and_the_internet_in_one_interval_set():
    text = ruleset(slices(declare(small()))["fw1"])
    assert text.count("set internet4 {") == 1
    assert "ip saddr @internet4 ip daddr { 198.51.100.20 } tcp dport { 443 }" in text
    assert "tcp dport { 198.51.100.21 . 10.10.30.11 . 8443 }" in text
    assert "nft -o" not in text
    assert "flush" not in text
