"""What is read from a listing, and what is refused: nothing is skipped that could decide about a packet."""

import copy

import pytest

from shoko.proof.boxes import apart
from shoko.proof.fields import NEW
from shoko.proof.packet import example
from shoko.proof.paths import accepted
from shoko.proof.read import read
from shoko.proof.spans import single


def chain(*rules, hook="forward", priority="filter", policy="drop", kind="filter"):
    lines = "".join(f"{rule};\n" for rule in rules)
    return f"table inet t {{ chain f {{ type {kind} hook {hook} priority {priority}; policy {policy}; {lines} }} }}"


def passing(loaded, path="forward"):
    assert loaded.ruleset.unknown == ()
    return [box for batch in accepted(loaded.ruleset, path) for box in batch.boxes]


def through(loaded, path="forward", **values):
    wanted = {name: single(value) for name, value in values.items()}
    return any(not apart(box, wanted) for box in passing(loaded, path))


@pytest.mark.parametrize(
    "rule",
    [
        "limit rate 5/second accept",
        "fib saddr . iif oif missing drop",
        "meta mark 5 accept",
        "ip dscp 5 accept",
        "exthdr frag exists drop",
        "meta iiftype ether accept",
        "ct status dnat accept",
        "ip saddr & 255.0.255.255 == 10.0.0.1 accept",
        "ct mark set 5 ct mark 5 accept",
        "ct mark set ip saddr map { 10.0.0.1 : 5 } accept",
        "meta l4proto tcp ip ttl set 5",
        "update @seen { ip saddr } accept",
        "ct helper \"x\" accept",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_named(load, rule):
    text = chain(rule).replace("chain f", "set seen { type ipv4_addr; flags dynamic; size 10; } chain f", 1)
    unknown = load(text).ruleset.unknown
    assert len(unknown) == 1
    assert "table inet t chain f handle" in str(unknown[0])


@pytest.mark.parametrize(
    "text",
    [
        "table bridge t { chain f { type filter hook forward priority 0; } }",
        "table netdev t { }",
        "table arp t { chain f { type filter hook input priority 0; } }",
        "table ip t { chain f { type nat hook prerouting priority dstnat; dnat to 10.0.0.1; } }",
        "table ip t { chain f { type nat hook output priority -100; tcp dport 81 redirect to :80; } }",
        "table ip t { chain f { type nat hook postrouting priority srcnat; snat to 10.0.0.1-10.0.0.9; } }",
        "table ip t { chain f { type nat hook postrouting priority srcnat; drop; } }",
        chain("ct state new accept", hook="prerouting", priority="raw"),
        chain("notrack", hook="prerouting", priority="mangle"),
        "table inet t { ct helper x { type \"ftp\" protocol tcp; } }",
        "table inet t { chain f { type filter hook ingress device lo priority 0; } }",
    ],
)  # fmt: skip
def test_what_could_change_packets_elsewhere_is_named(load, text):
    assert load(text).ruleset.unknown


def test_json_of_another_shape_is_no_pass(load):
    whole = load(chain("ip saddr 10.0.0.1 tcp dport 22 accept"))
    rule = next(at for at, item in enumerate(whole.listing["nftables"]) if "rule" in item)
    for change in (
        lambda one: one.pop("expr"),
        lambda one: one["expr"][0].update(match={"op": "==", "left": {"payload": {"base": "nh"}}, "right": 1}),
        lambda one: one["expr"][1]["match"].update(right={"port": 22}),
        lambda one: one["expr"][1]["match"].update(op="~"),
        lambda one: one["expr"][1]["match"].update(negated=True),
        lambda one: one["expr"].insert(0, {"flow": {"op": "add", "flowtable": "@x"}}),
        lambda one: one["expr"].append({"jump": {"target": "nowhere"}}),
    ):
        listing = copy.deepcopy(whole.listing)
        change(listing["nftables"][rule]["rule"])
        assert read(listing, whole.interfaces).unknown, listing["nftables"][rule]


def test_an_implied_match_also_holds_where_it_is_denied(load):
    other = load(chain("tcp dport != 22 accept"))
    assert through(other, proto=6, dport=23, headed=1)
    assert not through(other, proto=17)
    assert not through(other, proto=6, headed=0)
    strange = load(chain("ip saddr != 10.0.0.1 accept"))
    assert through(strange, family=4)
    assert not through(strange, family=6)


def test_flags_are_read_as_nft_1_0_and_as_nft_1_1_print_them(load):
    loaded = load(chain("tcp flags & (syn | ack) == syn accept", "ct mark & 0x80000000 != 0 accept"))
    newer = copy.deepcopy(loaded.listing)
    rules = [item["rule"] for item in newer["nftables"] if "rule" in item]
    mask = {"&": [{"payload": {"protocol": "tcp", "field": "flags"}}, {"|": ["syn", "ack"]}]}
    rules[0]["expr"][0]["match"]["left"] = mask
    rules[1]["expr"][0]["match"].update(left={"&": [{"ct": {"key": "mark"}}, 1 << 31]}, right=0)
    assert newer != loaded.listing
    again = read(newer, loaded.interfaces)
    assert again.unknown == ()
    assert again == loaded.ruleset
    both = load(chain("tcp flags { syn, syn | ack } accept"))
    assert {box["flags"] for box in passing(both)} == {(2, 3, 18, 19)}


def test_a_rejection_counts_for_those_who_can_be_answered_so(load):
    for answer, gone, kept in (
        ("icmp type port-unreachable", {"family": 4}, {"family": 6}),
        ("icmpv6 type no-route", {"family": 6}, {"family": 4}),
        ("tcp reset", {"proto": 6}, {"proto": 17}),
    ):
        loaded = load(chain(f"reject with {answer}", policy="accept"))
        assert not through(loaded, **gone), answer
        assert through(loaded, **kept), answer
    assert not through(load(chain("reject", policy="accept")), family=6)


def test_an_interface_that_nobody_names_is_one_too(load):
    named = load(chain('iifname "za" accept'))
    assert through(named, iif=named.numbers["za"])
    assert not through(named, iif=60000)
    wild = load(chain('iifname "z*" oifname != "zb*" accept'))
    assert through(wild, iif=wild.numbers["zc"], oif=60000)
    assert not through(wild, oif=wild.numbers["zb"])
    assert not through(wild, iif=60000)


def test_whoever_has_returned_is_not_dropped_by_a_later_rule(load):
    loaded = load(chain("tcp dport 22 return", "drop", policy="accept"))
    assert through(loaded, proto=6, dport=22)
    assert not through(loaded, proto=6, dport=23)


def test_a_changed_packet_is_matched_as_it_is_now(load):
    marked = load(
        "table inet t { chain w { ct mark 5 accept; } chain f { type filter hook forward priority 0; policy drop;"
        "tcp dport 22 ct mark set 5 goto w; tcp dport 23 ct mark set 6 goto w; tcp dport 24 ct mark set 5; goto w; } }"
    )
    assert through(marked, proto=6, dport=22, state=NEW, mark=0, headed=1)
    assert not through(marked, proto=6, dport=23, state=NEW, mark=5, headed=1)
    assert through(marked, proto=6, dport=24, state=NEW, mark=0, headed=1)
    assert through(marked, proto=6, dport=25, state=NEW, mark=5, headed=1)
    assert not through(marked, proto=6, dport=25, state=NEW, mark=0)


def test_a_new_source_is_what_later_chains_see(load):
    loaded = load(
        "table inet t { chain r { type filter hook output priority raw; ip saddr 10.0.0.1 ip saddr set 10.0.0.2; }"
        "chain o { type filter hook output priority 0; policy drop; ip saddr 10.0.0.2 accept; } }"
    )
    assert through(loaded, "output", family=4, saddr=0x0A000001)
    assert through(loaded, "output", family=4, saddr=0x0A000002)
    assert not through(loaded, "output", family=4, saddr=0x0A000003)


def test_an_early_accept_is_not_final_but_a_drop_is(load):
    def early(verdict):
        return f"table ip e {{ chain f {{ type filter hook forward priority -5; policy accept; {verdict}; }} }}"

    late = chain("tcp dport 22 accept")
    assert not through(load(early("accept") + late), dport=23)
    dropped = load(early("drop") + late)
    assert not through(dropped, family=4)
    assert through(dropped, family=6, dport=22)


def test_elements_that_expire_count_only_when_asked_for(load):
    text = chain("tcp dport @s accept").replace(
        "chain f", "set s { type inet_service; flags timeout; elements = { 22, 23 timeout 1h }; } chain f", 1
    )
    loaded = load(text)
    assert {box["dport"] for box in passing(loaded)} == {(22, 23)}
    timed = read(loaded.listing, loaded.interfaces, timed=True)
    assert {box["dport"] for batch in accepted(timed, "forward") for box in batch.boxes} == {(22, 24)}


def test_an_example_belongs_to_its_box(load):
    for box in passing(load(chain("tcp dport 22 ip saddr 10.0.0.0/8 accept", "icmpv6 type echo-request accept"))):
        assert not apart(box, {name: single(value) for name, value in example(box).items()})
