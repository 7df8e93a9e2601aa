"""Programs that wait for connections on a host though no flow needs them, and who could reach them."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from shoko.drift.changes import Change
from shoko.drift.needed import EVERY, KERNEL, Needed, on_loopback
from shoko.drift.places import Places, listed
from shoko.drift.sentences import reaches, telling
from shoko.observe.visit import Listener
from shoko.proof import packet
from shoko.proof.boxes import Box, product
from shoko.proof.fields import NEW, VALUES
from shoko.proof.interfaces import NONE, Interfaces
from shoko.proof.paths import accepted, packets
from shoko.proof.prove import HostProof
from shoko.proof.ruleset import Ruleset
from shoko.proof.spans import minus, of, single
from shoko.proof.words import PROTOCOLS

_FAMILIES = {"*": (4, 6), "0.0.0.0": (4,), "::": (4, 6)}  # noqa: S104 - one at :: may take IPv4 too


def listener_changes(
    places: Places, proof: HostProof, known: list[Needed], listeners: Iterable[Listener]
) -> list[Change]:
    """Return one change for every program and port that nothing needs, whatever number of addresses it is at."""
    extra: dict[tuple[str, int, tuple[str, ...]], list[Listener]] = {}
    for one in listeners:
        if not on_loopback(one) and not any(needed.covers(one) for needed in known):
            extra.setdefault((one.protocol, one.port, one.processes), []).append(one)
    return [_change(places, proof, group) for group in extra.values()]


def _change(places: Places, proof: HostProof, group: list[Listener]) -> Change:
    host, first = proof.host, group[0]
    program = " and ".join(first.processes) or f"a socket of the {KERNEL}"
    at = "every address" if {one.address for one in group} & EVERY else listed(one.address for one in group)
    what = f"{program} listens at {first.protocol}/{first.port} on {at}, and no flow needs it"
    cause = f"a listening socket of {program}"
    if proof.ruleset is None:
        return Change(host, "listener", "differs", (f"{what}: who can reach it is not known",), cause)
    boxes = [box for one in group for box in _let_in(proof.ruleset, proof.names, one)]
    if not boxes:
        who = f"the rules of {host} still let nobody in to it, and nothing else would keep its neighbours out"
        return Change(host, "listener", "differs", (f"{what}: {who}",), cause)
    found = reaches(places, host, "input", boxes, proof.names)
    who = f"{listed({word for one in found for word in one.sources})} can now reach it"
    shown = packet.text(telling(places, host, "input", boxes), proof.names)
    return Change(host, "listener", "gained", (f"{what}: {who}",), cause, shown)


def _let_in(ruleset: Ruleset, names: Interfaces, one: Listener) -> list[Box]:
    """First packets for a socket that the host's rules accept from others."""
    start = product(packets("input"), _aimed(names, one))
    return [box for batch in accepted(ruleset, "input", tuple(start)) for box in batch.boxes]


def _aimed(names: Interfaces, one: Listener) -> list[Box]:
    common: Box = {
        "iif": minus(VALUES["iif"], of((NONE, names.number("lo")))),
        "proto": single(PROTOCOLS[one.protocol]),
        "dport": single(one.port),
        "headed": single(1),
        "state": single(NEW),
    }
    if one.address in EVERY:
        return [{**common, "family": single(family)} for family in _FAMILIES[one.address]]
    at = ip_address(one.address)
    return [{**common, "family": single(at.version), "daddr": single(int(at))}]
