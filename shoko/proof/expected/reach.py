"""Where a host's legs lead: the segment on the link, and beyond it what flows name, by way of the gateways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shoko.declaration.model import Declaration, Host, Leg
from shoko.proof.expected.networks import (
    FAMILIES,
    NAMES,
    internet,
    lines,
    of_address,
    of_network,
    ours,
    prefix,
)
from shoko.proof.expected.permissions import Permission
from shoko.proof.expected.sides import Side, own
from shoko.proof.fields import ADDRESSES
from shoko.proof.spans import Spans, minus, single, union


@dataclass(frozen=True)
class Reach:
    """What an interface reaches in one family: `near` on the link, `far` by way of the router `via`."""

    interface: str
    family: int
    near: Spans
    far: Spans = ()
    via: int | None = None


def reaches(declaration: Declaration, permissions: list[Permission], host: Host) -> dict[tuple[str, int], Reach]:
    """Return where each interface of a host may lead, by interface and family."""
    gateway = host.name in declaration.gateways.hosts
    every = _gateway(declaration) if gateway else _host(declaration, permissions, host)
    return {(one.interface, one.family): one for one in every}


def held(declaration: Declaration, host: Host, leg: Leg, family: int) -> Spans:
    """Return the addresses that a host has or may hold on a leg."""
    name = NAMES[family]
    at = [own(leg, family)]
    if host.name in declaration.gateways.hosts:
        at.append(of_address(declaration.gateway_vip(leg.segment, name)))
    for vip in declaration.vips.values():
        if vip.segment == leg.segment and vip.held_by in host.groups:
            at.append(of_address(vip.ipv4 if family == 4 else vip.ipv6))
    return union(at)


def _gateway(declaration: Declaration) -> Iterator[Reach]:
    """A gateway stands in every segment; by a line it reaches all that is not ours."""
    for family in FAMILIES:
        for segment in declaration.segments.values():
            near = prefix(segment, family)
            if segment.own_uplink or not near:
                continue
            far: Spans = ()
            router = segment.router.get(NAMES[family])
            if segment in lines(declaration) and router is not None:
                far = minus(ADDRESSES[family], union([ours(declaration, family), near]))
            yield Reach(segment.interface, family, near, far, None if router is None else int(router))
    yield Reach(declaration.gateways.sync.interface, 4, of_network(declaration.gateways.sync.ipv4))


def _host(declaration: Declaration, permissions: list[Permission], host: Host) -> Iterator[Reach]:
    for leg in host.legs:
        for family in FAMILIES:
            near = prefix(declaration.segments[leg.segment], family)
            shared = declaration.gateway_vip(leg.segment, NAMES[family])
            if near and own(leg, family):
                far = minus(_named(declaration, permissions, leg, family), near)
                yield Reach(leg.interface, family, near, far, None if shared is None else int(shared))


def _named(declaration: Declaration, permissions: list[Permission], leg: Leg, family: int) -> Spans:
    """What the flows of a leg name; everything where one names the internet, and where people's devices stand.

    What these try has to come to a place that denies it and writes it down, unless their zone is kept apart.
    """
    uplinks = [line for line in lines(declaration) if prefix(line, family)]
    segment = declaration.segments[leg.segment]
    kept_apart = {zone for apart in declaration.policies.apart if segment.zone in apart.zones for zone in apart.zones}
    if segment.open_population and uplinks and not {line.zone for line in uplinks} & kept_apart:
        return ADDRESSES[family]
    mine = [one for one in permissions if one.family == family]
    ends = [one.destination for one in mine if leg in one.source.legs]
    ends += [one.source for one in mine if leg in one.destination.legs]
    whole = internet(declaration, family) if any(end.segment == line.name for end in ends for line in uplinks) else ()
    if any(end.addresses[family] == whole for end in ends):
        return ADDRESSES[family]
    return union(end.addresses[family] for end in ends)


def inhabited(declaration: Declaration, side: Side, family: int) -> Spans:
    """Return the addresses of a side at which somebody can stand.

    Of a whole segment neither the gateways' addresses nor those that mean the link itself: the first (any of its
    routers, RFC 4291 2.6.1; the old form of broadcast) and in IPv4 the last (broadcast).
    """
    segment = declaration.segments[side.segment]
    whole = prefix(segment, family)
    if side.addresses[family] != whole:
        return side.addresses[family]
    legs = [leg for name in declaration.gateways.hosts for leg in declaration.hosts[name].legs]
    nobody = [own(leg, family) for leg in legs if leg.segment == segment.name]
    nobody += [of_address(declaration.gateway_vip(segment.name, NAMES[family])), single(whole[0])]
    if family == 4:
        nobody.append(single(whole[1] - 1))
    return minus(whole, union(nobody))
