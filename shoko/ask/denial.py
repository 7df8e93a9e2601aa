"""What denies what no flow permits: every layer on the way, with the chain where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from shoko.ask.answer import same_host
from shoko.ask.networks import meet, within
from shoko.ask.place import Member, Place
from shoko.declaration.model import Host, Leg
from shoko.policy.ends import End, leg_end
from shoko.policy.prefixes import FAMILIES, subtract
from shoko.policy.rules import answering_legs, chain_name, forwarded, sending_legs
from shoko.policy.view import View
from shoko.policy.wiring import legs

_SHARED = ("vip", "line")  # kinds of ends that are shared addresses


@dataclass(frozen=True)
class Layer:
    """One thing that stops the packet by itself.

    `kind`: `route` (the sender has none), `output`, `forward` (a gateway), `input`, `family` (no common one),
    `shared` or `person` (who never opens, or is never opened to). `hosts` are those where it stands, `chain` its name
    there; both empty where it is no chain's doing.
    """

    kind: str
    hosts: tuple[str, ...]
    chain: str
    text: str


@dataclass(frozen=True)
class Way:
    """The layers between two segments, in the order in which a packet meets them. `remarks` tell of missing ones."""

    source: str
    destination: str
    layers: tuple[Layer, ...]
    remarks: tuple[str, ...]


def ways(view: View, source: Place, destination: Place) -> list[Way]:
    """Return what denies, one entry for each pair of segments that the question spans."""
    pairs: dict[tuple[str, str], tuple[list[End], list[End]]] = {}
    for one in source.members:
        for other in destination.members:
            for start, end in () if same_host(one, other) else _ends(view, one, other):
                starts, ends = pairs.setdefault((start.segment, end.segment), ([], []))
                starts.append(start)
                ends.append(end)
    return [
        _way(view, *segments, list(dict.fromkeys(starts)), list(dict.fromkeys(ends)))
        for segments, (starts, ends) in pairs.items()
    ]


def _ends(view: View, one: Member, other: Member) -> Iterator[tuple[End, End]]:
    """A host speaks from its leg in the target's segment where it has one; a gateway answers where it is managed."""
    gateways = view.declaration.gateways
    for end in other.ends:
        if len(other.ends) > 1 and end.host in gateways.hosts and end.segment != gateways.manage:
            continue
        near = [start for start in one.ends if start.segment == end.segment]
        yield from ((start, end) for start in near or one.ends)


def _way(view: View, start: str, end: str, starts: list[End], ends: list[End]) -> Way:
    senders = _legs(view, starts, sending=True)
    targets = _legs(view, ends, sending=False)
    layers = [*_never(starts, ends), *_routes(view, senders, start, end, ends)]
    remarks: list[str] = []
    if senders:
        layers.append(Layer("output", _hosts(senders), "output", "the sender's own rules have nothing that fits"))
    elif not any(one.kind in _SHARED for one in starts):
        remarks.append("the sender is no host of ours: no output chain stops it")
    if start == end:
        remarks.append("both stand in one segment: no gateway between them, the hosts' own rules are the only layer")
        if any(_strangers(view, one) for one in starts) and any(_strangers(view, one) for one in ends):
            remarks.append("devices in it that nobody declared reach each other: nothing of ours stands between them")
    elif any(one.kind != "line" for one in ends):  # what is sent to the gateways' shared address is not forwarded
        layers.append(_gateway(view, start, end))
    if targets:
        layers.append(Layer("input", _hosts(targets), "input", "the target's own rules have nothing that fits"))
    else:
        remarks.append("the target is no host of ours: no input chain stops it")
    return Way(start, end, tuple(layers), tuple(remarks))


def _strangers(view: View, end: End) -> bool:
    """True if an end means devices that nobody declared: more than the declared hosts that stand there."""
    stand = [leg_end(leg) for leg in sending_legs(view.declaration, end)]
    return end.kind == "population" and any(
        subtract(end.prefixes(family), [network for one in stand for network in one.prefixes(family)])
        for family in FAMILIES
    )


def _never(starts: list[End], ends: list[End]) -> Iterator[Layer]:
    for end in starts:
        if end.kind in _SHARED:
            holders = ", ".join(end.holders)
            yield Layer(
                "shared", (), "", f"{end.name} is a shared address and opens nothing: {holders} speak from their own"
            )
    for end in ends:
        if end.kind == "person":
            yield Layer("person", (), "", f"nothing opens connections to a person ({end.name})")
    if not frozenset().union(*(end.families for end in starts)) & frozenset().union(*(end.families for end in ends)):
        yield Layer("family", (), "", "the two have no address family in common")


def _routes(view: View, senders: list[Leg], start: str, end: str, ends: list[End]) -> Iterator[Layer]:
    """A host has routes to what its flows name and to nothing else: a missing one is a layer of its own."""
    if start == end:
        return
    lacking = [leg for leg in senders if not _reached(view, view.declaration.hosts[leg.host], leg, ends)]
    if lacking:
        yield Layer("route", _hosts(lacking), "", f"no route from {start} to {end}")


def _reached(view: View, host: Host, leg: Leg, ends: list[End]) -> bool:
    own = leg_end(leg)
    written = next(one for one in legs(view, host) if one["interface"] == leg.interface)
    routes = [ip_network(str(route["to"])) for route in _list(written["routes"])]
    return any(own.prefixes(family) and meet(end.prefixes(family), routes) for end in ends for family in FAMILIES)


def _list(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []


def _gateway(view: View, start: str, end: str) -> Layer:
    segments = view.declaration.segments
    iif, oif = segments[start].interface, segments[end].interface
    crossing = (one for one in forwarded(view.declaration, view.passes) if (one.iif, one.oif) == (iif, oif))
    flows = list(dict.fromkeys(one.item.flow for one in crossing))
    gateways = view.declaration.gateways.hosts
    if flows:
        text = f"the pair's chain has {', '.join(flows)}, and none fits"
        return Layer("forward", gateways, chain_name(iif, oif), text)
    return Layer("forward", gateways, "forward", f"no flow crosses from {iif} to {oif}: the pair has no chain")


def _legs(view: View, ends: list[End], *, sending: bool) -> list[Leg]:
    """The legs of managed hosts that speak or answer for some ends; an undeclared device has none."""
    find = sending_legs if sending else answering_legs
    return list(
        dict.fromkeys(
            leg
            for end in ends
            for leg in find(view.declaration, end)
            if end.kind != "population" or _stands_in(leg, end)
        )
    )


def _stands_in(leg: Leg, end: End) -> bool:
    own = leg_end(leg)
    return any(within(own.prefixes(family), end.prefixes(family)) for family in FAMILIES)


def _hosts(found: Iterable[Leg]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(leg.host for leg in found))
