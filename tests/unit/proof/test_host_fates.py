"""What became of an attempt, from its traces: no trace proves nothing, and an entry counts where it stands."""

from __future__ import annotations

import pytest

from shoko.proof.dynamic.hosts_attempts import Attempt
from shoko.proof.dynamic.hosts_fates import Observed, Roles, Traces, observe
from shoko.proof.dynamic.sessions import Entry

HOLDING = {"10.0.2.1": "there", "10.0.1.9": "gate", "192.0.2.2": "world"}
ROLES = Roles(("gate", "spare"), frozenset({"world", "home"}), HOLDING, frozenset({"10.9.9.9"}))
ONE = Attempt("here", "10.0.1.1", "10.0.2.1", "tcp", 22)
KEY = ("tcp", "10.0.1.1", 40001, "10.0.2.1", 22)
ENTRY = Entry(7, ("10.0.1.1", 40001))


def traces(tracked: str = "", wires: str = "", deaf: str = "") -> Traces:
    """Hosts that know the packet by their connection tracking, and hosts on whose wire it was."""
    hosts = ("here", "there", "gate", "spare")
    return Traces(
        {host: {KEY: ENTRY} if host in tracked.split() else {} for host in hosts},
        {host: {KEY} if host in wires.split() else set() for host in (*hosts, "world")},
        frozenset(deaf.split()),
    )


@pytest.mark.parametrize(
    ("said", "seen", "fate"),
    [
        ("no way", traces(), Observed("route")),
        ("held", traces(), Observed("sender")),
        (None, traces(), Observed("sender")),
        (None, traces("here"), Observed("lost")),
        (None, traces("here", "gate"), Observed("gateway")),
        (None, traces("here gate", "gate"), Observed("lost")),
        (None, traces("here gate", "gate there"), Observed("receiver")),
        (None, traces("here gate there", "gate there"), Observed("reached", 7)),
        # The receiver's word counts, whatever else was missed on the way.
        (None, traces("there"), Observed("reached", 7)),
        ("answered", traces("here gate", "gate"), Observed("reached", untracked=True)),
        # Who could not take in everything cannot say that there was nothing.
        (None, traces("", "", "there"), Observed("lost")),
        ("not sent", traces(), Observed("lost")),
    ],
)
def test_the_last_one_who_saw_it_ended_it(said: str | None, seen: Traces, fate: Observed) -> None:
    assert observe(ONE, said, KEY, seen, ROLES) == fate  # type: ignore[arg-type]


def test_a_party_outside_has_no_rules_so_its_wire_counts_with_the_translated_source() -> None:
    one = Attempt("here", "10.0.1.1", "192.0.2.2", "udp", 123)
    key = ("udp", "10.0.1.1", 40001, "192.0.2.2", 123)
    wire = ("udp", "203.0.113.1", 40001, "192.0.2.2", 123)
    tracked = {"here": {key: ENTRY}, "gate": {key: Entry(1, ("203.0.113.1", 40001))}, "spare": {}}
    wires = {"gate": {key}, "spare": set(), "world": {wire}}
    assert observe(one, None, key, Traces(tracked, wires), ROLES).fate == "reached"
    assert observe(one, None, key, Traces(tracked, {**wires, "world": set()}), ROLES).fate == "lost"


def test_what_the_internet_does_not_route_is_told_by_its_table_and_nothing_else() -> None:
    one = Attempt("home", "192.0.2.18", "10.9.9.9", "tcp", 22)
    roles = Roles(ROLES.gateways, ROLES.outside, {**HOLDING, "10.9.9.9": "there"}, ROLES.unrouted)
    key = ("tcp", "192.0.2.18", 40001, "10.9.9.9", 22)
    assert observe(one, "unreachable", key, traces(), roles).fate == "outside"
    known = Attempt("home", "192.0.2.18", "10.0.2.1", "tcp", 22)
    assert observe(known, "unreachable", key, traces(), roles).fate == "lost"
