"""The running routes of a host against its flows: each finds its way and its answer's, and no route leads elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network

from shoko.declaration.model import Declaration, Host
from shoko.proof.compare import Finding
from shoko.proof.composed.routing import Hop, Routing, Way
from shoko.proof.expected.networks import FAMILIES, of_network
from shoko.proof.expected.permissions import Permission
from shoko.proof.expected.places import prefixes, who
from shoko.proof.expected.reach import Reach, held, inhabited, reaches
from shoko.proof.expected.sides import Side, own
from shoko.proof.fields import ADDRESSES
from shoko.proof.packet import example
from shoko.proof.spans import Spans, meet, minus, single, union

# What never leaves a link is looked up by its interface alone.
_ON_LINK = {
    4: union(of_network(ip_network(one)) for one in ("224.0.0.0/4", "169.254.0.0/16", "255.255.255.255/32")),
    6: union(of_network(ip_network(one)) for one in ("fe80::/10", "ff00::/8")),
}
_UNBOUND = single(0)  # a socket that has not chosen its source yet


@dataclass(frozen=True)
class _Need:
    """Destinations that have to be reached from a source by one interface; `flow` says for whose sake.

    A socket that has chosen no source may leave by any interface that leads there: the interface is "" then.
    """

    flow: str
    interface: str
    sources: Spans
    destinations: Spans


def strays(
    declaration: Declaration, permissions: list[Permission], host: Host, routings: Mapping[int, Routing]
) -> Iterator[Finding]:
    """Yield what a host's routing does otherwise than its flows need: ways missing, wrong, or too many."""
    allowed = reaches(declaration, permissions, host)
    gateway = host.name in declaration.gateways.hosts
    for family in FAMILIES:
        mine = [one for one in permissions if one.family == family]
        needs = list(_through(declaration, mine) if gateway else ())
        needs += _own(declaration, host, mine, family)
        yield from _missing(declaration, routings[family], family, needs, allowed)
        yield from _additional(declaration, host, routings[family], family, allowed)


def _own(declaration: Declaration, host: Host, mine: list[Permission], family: int) -> Iterator[_Need]:
    """What a host sends itself: first packets from its own address, answers from the one that was asked."""
    for one in mine:
        for leg in one.source.legs:
            if leg.host == host.name and (source := own(leg, family)):
                there = minus(one.destination.addresses[family], held(declaration, host, leg, family))
                yield _Need(one.flow, leg.interface, source, there)
                yield _Need(one.flow, "", _UNBOUND, there)
        for leg in one.destination.legs:
            if leg.host == host.name:
                there = minus(one.source.addresses[family], held(declaration, host, leg, family))
                yield _Need(one.flow, leg.interface, one.destination.of_leg(leg, family), there)


def _through(declaration: Declaration, mine: list[Permission]) -> Iterator[_Need]:
    """What a gateway forwards: there, and the answers back."""
    for one in mine:
        if one.routed:
            yield _facing(declaration, one, one.source, one.destination)
            yield _facing(declaration, one, one.destination, one.source)


def _facing(declaration: Declaration, one: Permission, source: Side, destination: Side) -> _Need:
    interface = declaration.segments[destination.segment].interface
    return _Need(one.flow, interface, source.addresses[one.family], inhabited(declaration, destination, one.family))


def _missing(
    declaration: Declaration,
    routing: Routing,
    family: int,
    needs: list[_Need],
    allowed: Mapping[tuple[str, int], Reach],
) -> Iterator[Finding]:
    """One finding for each wrong way; it names all flows that it breaks."""
    broken: dict[tuple[str, Way], tuple[Spans, Spans, dict[str, None]]] = {}
    for (interface, sources), group in _together(needs).items():
        wanted = union(one.destinations for one in group)
        for mine, yours, way in routing.ways(sources, wanted):
            wrong = _wrong(yours, way, interface, family, allowed)
            if not wrong:
                continue
            flows = dict.fromkeys(one.flow for one in group if meet(one.destinations, wrong))
            known = broken.get((interface, way))
            if known is None:
                broken[interface, way] = (mine, wrong, flows)
            else:
                broken[interface, way] = (known[0], union([known[1], wrong]), {**known[2], **flows})
    for (interface, way), (mine, yours, flows) in broken.items():
        by = f" by {interface}" if interface else ""
        by += _by(family, allowed.get((interface, family)), yours)
        detail = (
            f"{prefixes(family, yours)} ({who(declaration, family, yours)}) {_words(family, way)}, and has to be "
            f"reached{by}; breaks {', '.join(flows)}"
        )
        packet = example({"family": single(family), "saddr": mine, "daddr": yours, "iif": single(0), "oif": single(0)})
        yield Finding("route", "routes", packet, {}, flow=next(iter(flows)), detail=detail)


def _together(needs: Iterable[_Need]) -> dict[tuple[str, Spans], list[_Need]]:
    groups: dict[tuple[str, Spans], list[_Need]] = {}
    for one in needs:
        groups.setdefault((one.interface, one.sources), []).append(one)
    return groups


def _wrong(yours: Spans, way: Way, interface: str, family: int, allowed: Mapping[tuple[str, int], Reach]) -> Spans:
    """The destinations for which a way is not the declared one."""
    if way.kind != "out":
        return yours
    return union(
        minus(yours, _right(hop, family, allowed) if interface in ("", hop.interface) else ()) for hop in way.hops
    )


def _right(hop: Hop, family: int, allowed: Mapping[tuple[str, int], Reach]) -> Spans:
    """What a hop may lead to."""
    reach = allowed.get((hop.interface, family))
    if reach is None:
        return ()
    return reach.near if hop.via is None else reach.far if hop.via == reach.via else ()


def _additional(
    declaration: Declaration, host: Host, routing: Routing, family: int, allowed: Mapping[tuple[str, int], Reach]
) -> Iterator[Finding]:
    everything = ADDRESSES[family]
    found: dict[tuple[str, int | None], tuple[Spans, Spans]] = {}
    for mine, yours, way in routing.ways(everything, minus(everything, _ON_LINK[family])):
        for hop in way.hops:
            if over := minus(yours, _right(hop, family, allowed)):
                known = found.get((hop.interface, hop.via), (mine, ()))
                found[hop.interface, hop.via] = (known[0], union([known[1], over]))
    for (interface, via), (mine, over) in found.items():
        by = "" if via is None else f" by way of {_address(family, via)}"
        detail = (
            f"a route that no flow names: {prefixes(family, over)} by {interface}{by}; "
            f"can now be addressed: {who(declaration, family, over)}"
        )
        at = union(own(leg, family) for leg in host.legs if leg.interface == interface)
        source = meet(mine, at) or mine
        packet = example({"family": single(family), "saddr": source, "daddr": over, "iif": single(0), "oif": single(0)})
        yield Finding("route", "routes", packet, {}, detail=detail)


def _words(family: int, way: Way) -> str:
    if way.kind == "out":
        hops = [
            hop.interface + ("" if hop.via is None else f" by way of {_address(family, hop.via)}") for hop in way.hops
        ]
        return f"is sent out by {', '.join(hops)}"
    return {"here": "is taken for an address of the host itself", "refused": "is refused by a route"}.get(
        way.kind, "has no route"
    )


def _by(family: int, reach: Reach | None, yours: Spans) -> str:
    return f" by way of {_address(family, reach.via)}" if reach and reach.via and meet(yours, reach.far) else ""


def _address(family: int, number: int) -> str:
    return str(IPv4Address(number) if family == 4 else IPv6Address(number))
