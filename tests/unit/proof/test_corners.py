"""Corners: packets that tell any two rulesets apart, and nothing that could not be sent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoko.proof import spans
from shoko.proof.boxes import apart, meet, point, without
from shoko.proof.dynamic import corners as selection
from shoko.proof.dynamic.corners import corners, segments, session_corners
from shoko.proof.dynamic.possible import can_be, possible, state
from shoko.proof.dynamic.verdicts import Fate, Verdicts
from shoko.proof.errors import ProofError
from shoko.proof.expected.host import Permitted
from shoko.proof.fields import INVALID, NEW, UNTRACKED, VALUES
from shoko.proof.paths import PATHS, accepted, packets
from shoko.proof.ruleset import Case, Chain, Rule, Ruleset, Verdict, Where
from shoko.proof.spans import between, of, single

quick = settings(max_examples=40, deadline=None)
FORWARD = {"family": single(4), "iif": single(1), "oif": single(2), "state": single(NEW)}
WEB = {**FORWARD, "saddr": between(0x0A000100, 0x0A0001FF), "daddr": single(0x0A000203), "proto": single(6),
       "headed": single(1), "dport": between(80, 81)}  # fmt: skip
SYN, ACK, RST = 2, 16, 4


def ruleset(*rules, policy="drop"):
    """One forward chain; a rule is a box and what becomes of its packets."""
    where = Where("inet", "t", "f")
    made = tuple(Rule(where, (Case((box,), Verdict(verdict)),)) for box, verdict in rules)
    return Ruleset({("inet", "t", "f"): Chain(where, made, "forward", "filter", 0, policy)}, ())


def let_through(rules, policy, packet):
    """A plain reading: the first rule that matches decides."""
    for box, verdict in rules:
        if not apart(box, point(packet)):
            return verdict == "accept"
    return policy == "accept"


def test_a_box_is_met_at_its_edges_and_one_beyond():
    found = corners([WEB], "forward")
    for name, values in {
        "saddr": {0x0A0000FF, 0x0A000100, 0x0A0001FF, 0x0A000200},
        "daddr": {0x0A000202, 0x0A000203, 0x0A000204},
        "dport": {79, 80, 81, 82},
        "proto": {5, 6, 7},
        "iif": {1, 2},  # 0 is no interface that a packet comes in by
        "oif": {1, 2, 3},
    }.items():
        assert values <= {one[name] for one in found}, name
    assert len(found) < 30


def test_flags_and_headers_that_change_what_conntrack_says():
    found = corners([{**WEB, "flags": single(SYN)}, {**WEB, "flags": single(ACK)}], "forward")
    assert {NEW, INVALID} == {one["state"] for one in found}
    assert any(not one["headed"] for one in found)
    assert state({"proto": 6, "headed": 1, "flags": RST, "family": 4}) == INVALID
    assert state({"proto": 6, "headed": 1, "flags": SYN | ACK, "family": 4}) == INVALID
    assert state({"proto": 58, "headed": 1, "sport": 135 << 8, "family": 6}) == UNTRACKED


def test_no_session_is_made_up():
    going_on = {"family": single(4), "state": single(1), "proto": single(6), "dport": single(80)}
    assert corners([going_on], "forward") == []


def test_martians_and_ends_beyond_a_link_are_left_out():
    nowhere = {**FORWARD, "saddr": between(0x7F000000, 0x7FFFFFFF)}
    assert {one["saddr"] for one in corners([nowhere], "forward")} <= {0x7EFFFFFF, 0x80000000}
    assert corners([{"family": single(6), "saddr": between(0xFE80 << 112, (0xFE80 << 112) + 9)}], "forward") == []


def test_only_what_the_place_can_do():
    found = corners([{"family": single(4)}], "forward", {"iif": of((1, 2)), "oif": of((1, 2))})
    assert found
    assert all({one["iif"], one["oif"]} <= {1, 2} for one in found)


def test_the_edge_of_a_rule_that_another_one_hides():
    """The first rule takes all of what the second one matches: no accepted box ends at port 443."""
    hidden = ruleset((FORWARD, "accept"), ({**WEB, "dport": single(443)}, "drop"))
    met = {one["dport"] for one in corners(segments(hidden, "forward", [Permitted(FORWARD)]), "forward")}
    assert {442, 443, 444} <= met


def test_a_mark_that_differs_within_a_box():
    """The whole box passes as it should; a part of it belongs to another flow."""
    where = Where("inet", "t", "f")
    rule = Rule(where, (Case((WEB,), Verdict("accept")),), {"mark": 7})
    marked = Ruleset({("inet", "t", "f"): Chain(where, (rule,), "forward", "filter", 0, "drop")}, ())
    middle = single(0x0A000155)
    permitted = [Permitted({**WEB, "saddr": spans.minus(WEB["saddr"], middle)}, "web", 7),
                 Permitted({**WEB, "saddr": middle}, "other", 8)]  # fmt: skip
    assert 0x0A000155 in {one["saddr"] for one in corners(segments(marked, "forward", permitted), "forward")}


def test_too_many_boxes_are_said_to_be_too_many(monkeypatch):
    monkeypatch.setattr(selection, "BUDGET", 3)
    many = ruleset(*(({**WEB, "dport": single(port)}, "accept") for port in range(1, 20, 2)))
    with pytest.raises(ProofError, match=r"forward: 1[0-9] boxes, more than the 3"):
        segments(many, "forward", [])


@pytest.mark.parametrize("path", PATHS)
def test_what_is_possible_is_disjoint_and_takes_the_path(path):
    every = possible(path)
    assert every
    for at, box in enumerate(every):
        assert any(not apart(box, whole) for whole in packets(path))
        assert all(apart(box, other) for other in every[at + 1 :])


def values(name, *choices):
    return st.sampled_from([between(low, high) for low, high in choices])


# Few values, close together, so that boxes overlap, contain and touch each other.
box = st.fixed_dictionaries(
    {"family": st.sampled_from([single(4), single(6)])},
    optional={
        "saddr": values("saddr", (10 << 24, (10 << 24) + 9), ((10 << 24) + 5, (10 << 24) + 5), (1 << 24, 99 << 24)),
        "daddr": values("daddr", (9 << 24, 9 << 24), (8 << 24, 10 << 24)),
        "proto": values("proto", (6, 6), (17, 17), (6, 17), (1, 1), (58, 58), (112, 112)),
        "dport": values("dport", (53, 53), (50, 60), (60, 65535), (0, 0)),
        "sport": values("sport", (0, 1023), (2048, 2303), (34560, 34815)),
        "flags": values("flags", (2, 2), (0, 15), (16, 255)),
        "iif": values("iif", (1, 1), (1, 2), (3, 65535)),
        "oif": values("oif", (1, 1), (2, 3)),
        "state": values("state", (NEW, NEW), (INVALID, NEW), (INVALID, INVALID), (NEW, UNTRACKED)),
        "headed": values("headed", (0, 0), (1, 1)),
        "hop": values("hop", (255, 255), (1, 254)),
    },
)
rules = st.lists(st.tuples(box, st.sampled_from(("accept", "drop"))), max_size=5)


@quick
@given(st.lists(box, max_size=4), st.sampled_from(PATHS))
def test_every_corner_can_be_made_and_is_there_once(some, path):
    found = corners(some, path)
    assert found == corners(some, path)
    assert len({tuple(one.items()) for one in found}) == len(found)
    for one in found:
        assert set(one) == set(VALUES)
        assert can_be(path, one)
        assert sum(not apart(here, point({k: v for k, v in one.items() if k != "nexthdr"}))
                   for here in possible(path)) == 1  # fmt: skip


@quick
@given(st.lists(box, min_size=1, max_size=4), st.sampled_from(PATHS))
def test_no_box_that_can_be_met_is_left_out(some, path):
    found = corners(some, path)
    for one in some:
        if any(not apart(one, here) for here in possible(path)):
            assert any(not apart(one, point(packet)) for packet in found)


@settings(max_examples=60, deadline=None)
@given(rules, rules, st.sampled_from(("accept", "drop")))
def test_two_rulesets_that_differ_differ_at_a_corner(running, declared, policy):
    """The packets come from the one as it runs, and from the sets that the other one would let through."""
    permitted = [Permitted(one) for one in everything_through(declared)]
    chosen = corners(segments(ruleset(*running, policy=policy), "forward", permitted), "forward")
    told = [one for one in chosen if let_through(running, policy, one) != let_through(declared, "drop", one)]
    assert bool(told) == differ(running, declared, policy), (running, declared)


def everything_through(some):
    return [one for batch in accepted(ruleset(*some), "forward") for one in batch.boxes]


def differ(running, declared, policy):
    """Whether a packet that can be made is treated differently, by exact sets."""
    here = [one for batch in accepted(ruleset(*running, policy=policy), "forward") for one in batch.boxes]
    there = everything_through(declared)
    rest = [piece for one in here for piece in without(one, there)]
    rest += [piece for one in there for piece in without(one, here)]
    return any(meet(one, place) is not None for one in rest for place in possible("forward"))


def test_packets_of_sessions_say_which_session_it_is():
    """What lets sessions go on is met by sessions of any mark, in both directions, and by errors about them."""
    going_on = {"family": single(4), "iif": single(1), "oif": single(2), "state": single(1),
                "mark": between(0, (1 << 31) - 1)}  # fmt: skip
    found = session_corners([going_on], "forward")
    assert {0, (1 << 31) - 1, 1 << 31} <= {one["mark"] for one in found}
    assert {0, 1} == {one["direction"] for one in found}
    assert {1, 6, 17} <= {one["proto"] for one in found}
    assert {2} == {one["state"] for one in session_corners([{**going_on, "state": single(2)}], "forward")}


def test_sessions_of_one_box_have_ends_of_their_own():
    found = session_corners([{"family": single(4), "proto": single(6), "state": single(1)}], "forward")
    assert len({one["sport"] for one in found}) == len(found) == 3


WEB_PACKET = {name: members[0] for name, members in WEB.items()} | {
    "sport": 40000, "flags": SYN, "hop": 64, "user": 1 << 32, "mark": 0, "direction": 0, "nexthdr": 6,
}  # fmt: skip


def test_a_packet_is_judged_by_what_is_permitted():
    flow = Verdicts([Permitted(WEB, "web", 7)])
    assert flow.difference(WEB_PACKET, Fate(True, 7, WEB_PACKET["saddr"])) == ""
    assert flow.difference(WEB_PACKET, Fate(False)) == "blocked"
    assert flow.difference(WEB_PACKET, Fate(True, 8, WEB_PACKET["saddr"])) == "mark"
    assert flow.difference(WEB_PACKET, Fate(True, 7, 1)) == "rewritten"
    assert flow.difference({**WEB_PACKET, "dport": 79}, Fate(True, 7, 1)) == "passes"
    assert flow.difference({**WEB_PACKET, "dport": 79}, Fate(False)) == ""


def test_a_declared_translation_has_to_happen_with_the_first_packet():
    flow = Verdicts([Permitted(WEB, "web", 7), Permitted({**WEB, "state": single(1)})], (), {"203.0.113.1": [WEB]})
    shared = 0xCB007101
    assert flow.difference(WEB_PACKET, Fate(True, 7, shared)) == ""
    assert flow.difference(WEB_PACKET, Fate(True, 7, WEB_PACKET["saddr"])) == "rewritten"
