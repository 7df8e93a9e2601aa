"""What a slice says that a ruleset permits is what its rules permit: no packet more, none less."""

import copy
import itertools
from ipaddress import ip_network
from pathlib import Path

import pytest

from shoko.declaration import load
from shoko.policy import slices
from shoko.policy.permits import addresses
from shoko.policy.prefixes import collapse

from .sites import declare, small

REPOSITORY = Path(__file__).resolve().parents[3]
CHAINS = ("input", "forward", "output")


@pytest.fixture(scope="module", params=["small", "lab", "museum"])
def site(request):
    if request.param == "small":
        return slices(declare(small()))
    return slices(load(REPOSITORY / "inventories" / request.param))


def said(content):
    """Every permission of `firewall.permits`: chain, flow, users, windowed, family, protocol, port and both ends."""
    return {
        (one["chain"], one["flow"], tuple(one["users"]), one["windowed"], *way)
        for one in content["firewall"]["permits"]
        for way in one["ways"]
    }


def ruled(content):
    """The same of the rules, one source and one destination at a time."""
    firewall = content["firewall"]
    chains = {
        "input": firewall["input"],
        "forward": [rule for pair in firewall["forward"]["pairs"] for rule in pair["rules"]],
        "output": firewall["output"],
    }
    for chain, rules in chains.items():
        for rule in rules:
            for source, destination, port in itertools.product(rule["sources"], rule["destinations"], rule["ports"]):
                yield (chain, rule["flow"], tuple(rule["users"]), rule["windowed"], rule["family"], rule["protocol"],
                       port, source, destination)  # fmt: skip


def test_permits_name_the_same_flows_ports_and_users_as_the_rules(site):
    for name, content in site.items():
        assert {one[:7] for one in said(content)} == {one[:7] for one in ruled(content)}, name


def test_permits_cover_the_same_addresses_as_the_rules(site):
    for name, content in site.items():
        internet = {
            addresses([ip_network(text) for text in texts]): [ip_network(text) for text in texts]
            for texts in content["firewall"]["internet"].values()
            if texts
        }

        def networks(text, internet=internet):
            return internet.get(text) or [ip_network(one) for one in text.split(", ")]

        permitted, rules = {}, {}
        for *words, source, destination in said(content):
            for one, other in itertools.product(networks(source), networks(destination)):
                permitted.setdefault(tuple(words), set()).add((one, other))
        for *words, source, destination in ruled(content):
            rules.setdefault(tuple(words), set()).add((ip_network(source), ip_network(destination)))
        assert permitted.keys() == rules.keys(), name
        for words, pairs in permitted.items():
            assert grouped(pairs) == grouped(rules[words]), (name, words)


def grouped(pairs):
    """Return pairs of networks so that two lists which cover the same addresses are equal."""
    found = {}
    for source, destination in pairs:
        found.setdefault(destination, set()).add(source)
    joined = {}
    for destination, sources in found.items():
        joined.setdefault(collapse(sources), set()).add(destination)
    return {sources: collapse(destinations) for sources, destinations in joined.items()}


def test_ends_are_named_in_the_declarations_words(site):
    for content in site.values():
        for one in content["firewall"]["permits"]:
            assert one["chain"] in CHAINS
            assert one["service"]
            assert all(end and not end[0].isdigit() for end in (one["from"], one["to"]))


def test_the_order_of_the_declaration_is_no_part_of_it():
    tree = small()
    turned = copy.deepcopy(tree)
    turned["flows"] = dict(reversed(turned["flows"].items()))
    turned["hosts"] = dict(reversed(turned["hosts"].items()))
    one, other = slices(declare(tree)), slices(declare(turned))
    for name, content in one.items():
        assert content["firewall"]["permits"] == other[name]["firewall"]["permits"], name


def test_the_words_are_these():
    found = slices(declare(small()))["app1"]["firewall"]["permits"]
    assert {
        "chain": "output",
        "flow": "data",
        "from": "business/app1",
        "to": "data/db1",
        "service": "postgresql",
        "users": ["ils-public"],
        "windowed": False,
        "ways": [
            ["ipv4", "tcp", 5432, "10.10.40.11", "10.10.50.11"],
            ["ipv6", "tcp", 5432, "fd5e:c0:0:40::11", "fd5e:c0:0:50::11"],
        ],
    } in found
    ends = {(one["flow"], one["from"], one["to"]) for one in slices(declare(small()))["fw1"]["firewall"]["permits"]}
    assert {
        ("citizen", "internet", "dmz/opac"),
        ("counter", "business/floor", "business/app1"),
        ("out", "information/px1", "internet"),
        ("manage", "management/ctl1", "dmz/rp1"),
    } <= ends


def test_many_prefixes_are_a_count_and_a_digest():
    few = [ip_network("10.0.0.1"), ip_network("10.1.0.0/24")]
    assert addresses(few) == "10.0.0.1, 10.1.0.0/24"
    many = [ip_network(f"10.{n}.0.0/24") for n in range(9)]
    assert addresses(many).startswith("9 prefixes, sha256 ")
    assert addresses(many) != addresses([*many[:-1], ip_network("10.99.0.0/24")])
