"""From flows to passes: what each kind of end means, and what is refused."""

import ipaddress
import json
import shutil
from pathlib import Path

import pytest
import yaml

from shoko.declaration import check, load
from shoko.declaration import ends as checked
from shoko.policy import PolicyError, expand
from shoko.policy.ends import Resolver
from shoko.policy.expand import Pass
from shoko.policy.prefixes import internet, subtract

from .sites import declare, flow, leg, only, small

ROOT = Path(__file__).parents[3]
NEVER_INTERNET = (
    "10.10.40.0/24", "10.10.255.0/30", "203.0.113.0/28", "127.0.0.0/8", "198.51.100.16/28", "198.51.100.0/24",
    "224.0.0.0/4", "fd5e::/16", "fe80::/10", "ff00::/8", "2001:db8:0:20::/64",
)  # fmt: skip


def passes(tree, name):
    return [item for item in expand(declare(tree)) if item.flow == name]


def pairs(items: list[Pass], family="ipv4"):
    return {
        (str(source), str(destination), item.protocol, item.port)
        for item in items
        if item.family == family
        for source in item.sources
        for destination in item.destinations
    }


def test_the_small_site_is_a_right_declaration(tmp_path: Path):
    folder = tmp_path / "declaration"
    folder.mkdir()
    (folder / "all.yml").write_text(yaml.safe_dump(json.loads(json.dumps(small())), allow_unicode=True))
    assert [str(problem) for problem in check(tmp_path)] == []


def test_a_group_to_a_named_leg():
    assert pairs(passes(small(), "entry")) == {("198.51.100.21/32", "10.10.30.11/32", "tcp", 8443)}
    assert pairs(passes(small(), "entry"), "ipv6") == {("2001:db8:0:20::21/128", "fd5e:c0:0:30::11/128", "tcp", 8443)}


def test_an_open_segment_is_its_prefix_and_a_closed_one_its_hosts():
    assert {item.source.kind for item in passes(small(), "counter")} == {"population"}
    tree = only(small(), "closed", flow({"zone": "business", "segments": ["servers"]}, {"host": "db1"}, "postgresql"))
    assert pairs(passes(tree, "closed")) == {("10.10.40.11/32", "10.10.50.11/32", "tcp", 5432)}


def test_nobody_talks_to_itself_by_a_flow():
    assert pairs(passes(small(), "cluster")) == {
        (a, b, "tcp", port)
        for a, b in (("10.10.50.11/32", "10.10.50.12/32"), ("10.10.50.12/32", "10.10.50.11/32"))
        for port in (2379, 2380)
    }
    assert not any(item.routed for item in passes(small(), "cluster"))


def test_a_holder_reaches_a_shared_address_that_it_may_not_hold_just_now():
    tree = only(small(), "own", flow({"group": "forward_proxies"}, {"vip": "proxy"}, "proxy"))
    assert pairs(passes(tree, "own")) == {("10.10.60.11/32", "10.10.60.10/32", "tcp", 3128)}


def test_a_gateway_speaks_from_its_leg_in_the_target_segment_and_is_managed_on_one():
    assert {item.source.interface for item in passes(small(), "logs") if item.source.host == "fw1"} == {"mgmt"}
    tree = only(small(), "ask", flow({"group": "gateways"}, {"group": "forward_proxies"}, "dns"))
    assert {str(item.sources[0]) for item in passes(tree, "ask")} >= {"10.10.60.2/32", "10.10.60.3/32"}
    assert not any(item.routed for item in passes(tree, "ask"))


def test_a_gateway_is_an_end_only_in_its_management_segment():
    tree = only(small(), "look", flow({"host": "db1"}, {"host": "fw1"}, "ssh"))
    with pytest.raises(PolicyError, match=r"flows\.look: db1 stands in data\.servers, but a gateway answers"):
        expand(declare(tree))


def test_the_internet_is_neither_ours_nor_special():
    declaration = declare(small())
    for family, universe in (("ipv4", "0.0.0.0/0"), ("ipv6", "::/0")):
        world = internet(declaration, family)
        for inside in NEVER_INTERNET:
            network = ipaddress.ip_network(inside)
            assert not any(network.version == one.version and one.overlaps(network) for one in world), inside
        for outside in ("192.0.2.0/24", "8.8.8.8/32", "2001:db8:ffff::/48", "2606:4700::/32"):
            network = ipaddress.ip_network(outside)
            if network.version == ipaddress.ip_network(universe).version:
                assert subtract([network], world) == (), outside


def test_the_line_of_patrons_counts_as_internet():
    tree = small()
    tree["zones"]["patron"] = {
        "title": {"ja": "p", "en": "p"}, "control": "N-05", "outside": True,
        "segments": {"south": {"uplink": "own", "ipv4": "203.0.113.64/28", "ipv6": "2001:db8:0:11::/64"}},
    }  # fmt: skip
    assert subtract([ipaddress.ip_network("203.0.113.64/28")], internet(declare(tree), "ipv4")) == ()
    citizen = {str(item.source.segment) for item in passes(tree, "citizen")}
    assert citizen == {"internet.line"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: only(t, "f", flow({"group": "nobody"}, {"host": "db1"}, "ssh")), "selects nothing"),
        (lambda t: only(t, "f", flow({"zone": "webopac"}, {"group": "nobody"}, "ssh")), "selects nothing"),
        (lambda t: only(t, "f", flow({"vip": "opac"}, {"host": "db1"}, "ssh")), "never opens connections"),
        (lambda t: only(t, "f", flow({"host": "app1"}, {"host": "db1"}, "ssh")), "several legs.*business, webopac"),
        (lambda t: only(t, "f", flow({"host": "app1", "leg": "x"}, {"host": "db1"}, "ssh")), "no leg x"),
        (lambda t: only(t, "f", flow({"host": "fw1", "leg": "dmz"}, {"host": "db1"}, "ssh")), "fw1 has no leg dmz"),
        (lambda t: only(t, "f", flow({"host": "nix"}, {"host": "db1"}, "ssh")), "unknown host nix"),
        (lambda t: only(t, "f", flow({"zone": "nix"}, {"host": "db1"}, "ssh")), "unknown zone nix"),
        (lambda t: only(t, "f", flow({"zone": "business", "segments": ["x"]}, {"host": "db1"}, "ssh")), "no segment x"),
        (lambda t: only(t, "f", flow({"host": "rp1"}, {"host": "db1"}, "nix")), "unknown service nix"),
        (lambda t: only(t, "f", flow({"host": "rp1"}, {"host": "db1"})), "names no service"),
        (lambda t: only(t, "f", flow({"host": "rp1"}, {"host": "rp1"}, "ssh")), "permits nothing"),
        (lambda t: only(t, "f", flow({"host": "rp1"}, {"gateway": "nix"}, "ssh")), "no line nix"),
        (lambda t: only(t, "f", flow({"host": "rp1"}, {"vip": "nix"}, "ssh")), "unknown vip nix"),
        (lambda t: t["numbers"].update(citizen=0) or t, "no flow number"),
        (lambda t: t["numbers"].update(citizen=0x80000000) or t, "no flow number"),
    ],
)
def test_what_cannot_be_resolved_is_refused_by_the_name_of_its_flow(change, message):
    with pytest.raises(PolicyError, match=message):
        expand(declare(change(small())))


def test_an_empty_service_never_means_any():
    tree = only(small(), "f", flow({"host": "rp1"}, {"host": "db1"}, "nothing"))
    tree["services"]["nothing"] = {}
    with pytest.raises(PolicyError, match="has no port"):
        expand(declare(tree))


def test_a_family_never_falls_away_silently():
    tree = small()
    del tree["hosts"]["db1"]["legs"]["data"]["ipv6"]
    with pytest.raises(PolicyError, match=r"ipv6 would fall away.*families: \[ipv4\]"):
        expand(declare(tree))
    for part in ("flows", "platform"):
        for content in tree[part].values():
            content["families"] = ["ipv4"]
    assert {item.family for item in expand(declare(tree))} == {"ipv4"}


def test_ends_without_a_common_family_are_refused():
    tree = only(small(), "f", flow({"host": "rp1"}, {"host": "db1"}, "ssh"))
    del tree["hosts"]["db1"]["legs"]["data"]["ipv6"]
    del tree["hosts"]["rp1"]["legs"]["dmz"]["ipv4"]
    with pytest.raises(PolicyError, match="no address family in common"):
        expand(declare(tree))


def test_a_written_family_that_an_end_lacks_is_refused():
    tree = only(small(), "f", flow({"host": "rp1"}, {"host": "db1"}, "ssh", families=["ipv6"]))
    del tree["hosts"]["db1"]["legs"]["data"]["ipv6"]
    with pytest.raises(PolicyError, match="have no ipv6 in common"):
        expand(declare(tree))


def test_a_group_over_several_zones_expands_to_several_pairs():
    tree = small()
    tree["hosts"]["rp1"]["groups"].append("mixed")
    tree["hosts"]["db1"]["groups"].append("mixed")
    items = passes(only(tree, "f", flow({"group": "mixed"}, {"host": "ctl1"}, "https")), "f")
    assert {item.source.segment for item in items} == {"dmz.servers", "data.servers"}


def test_a_windowed_flow_is_marked():
    items = passes(small(), "visit")
    assert items
    assert all(item.windowed and item.mark == 0x80000000 | item.number for item in items)
    assert all(item.mark == item.number for item in passes(small(), "citizen"))


def test_a_leg_named_manage_means_the_one_that_is():
    tree = only(small(), "f", flow({"group": "ils_servers", "leg": "manage"}, {"host": "db1"}, "ssh"))
    assert {item.source.interface for item in passes(tree, "f")} == {"business"}
    tree["hosts"]["app1"]["legs"]["extra"] = leg("data.servers", 50, 77)
    assert {item.source.interface for item in passes(tree, "f")} == {"business"}


@pytest.mark.parametrize("site", ["lab", "museum"])
def test_the_checks_read_ends_as_the_rules_do(site: str) -> None:
    declaration = load(ROOT / "inventories" / site)
    rules = Resolver(declaration)
    sides = [
        (f"{flow.name} {side}", selector, side)
        for flow in declaration.flows.values()
        for side, selector in (("from", flow.source), ("to", flow.destination))
    ]
    assert sides
    for where, selector, side in sides:
        of_rules = {(end.segment, end.ipv4) for end in rules.resolve(selector, side, where) if end.kind != "internet"}
        of_checks = {
            (end.segment, () if end.ipv4 is None else (end.ipv4,))
            for end in checked.resolve(declaration, selector)
            if (end.segment is not None and not declaration.zones[end.zone].outside) or end.kind == "gateway"
        }
        assert of_rules == of_checks, where


def test_leg_manage_passes_the_check(tmp_path: Path) -> None:
    directory = tmp_path / "declaration"
    shutil.copytree(ROOT / "tests" / "broken" / "sound" / "declaration", directory)
    flows = directory / "flows.yml"
    text = flows.read_text(encoding="utf-8")
    assert "leg: business" in text
    flows.write_text(text.replace("leg: business", "leg: manage"), encoding="utf-8")
    assert check(tmp_path) == []
