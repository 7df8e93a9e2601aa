"""A site as it runs: its enforcing points, the ways that routes open, and who shares a link with whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shoko.declaration.model import Declaration
from shoko.proof.boxes import Box
from shoko.proof.composed.point import Point
from shoko.proof.composed.routing import Routing
from shoko.proof.expected.reach import Reach
from shoko.proof.fields import ADDRESSES
from shoko.proof.index import Index
from shoko.proof.spans import Spans, meet, single


@dataclass(frozen=True)
class Ways:
    """Where a host's packets go, by the interface that they leave by: on the link, or to a router's address."""

    link: Mapping[str, Index]
    routers: Mapping[str, Mapping[tuple[int, int], Index]]  # by (family, address)


@dataclass(frozen=True)
class Site:
    """`held` are the addresses that each leg answers to, by host, interface and family.

    `vlans` are those in which each leg stands, by host and interface. Hosts that could not be read are absent.
    """

    declaration: Declaration
    points: Mapping[str, Point]
    ways: Mapping[str, Ways]
    held: Mapping[tuple[str, str, int], Spans]
    vlans: Mapping[tuple[str, str], frozenset[int]]


def of_routing(routings: Mapping[int, Routing], shared: Mapping[tuple[str, int], Spans]) -> Ways:
    """Return the ways that a host's running routes open.

    `shared` addresses, by interface and family, are taken to be with somebody else on the link, as they may be.
    """
    found: list[tuple[str, int | None, int, Box]] = []
    for family, routing in routings.items():
        for sources, destinations, way in routing.ways(ADDRESSES[family], ADDRESSES[family]):
            box = {"family": single(family), "saddr": sources, "daddr": destinations}
            found += [(hop.interface, hop.via, family, box) for hop in way.hops]
            if way.kind == "here":
                elsewhere = ((leg, meet(destinations, one)) for (leg, kind), one in shared.items() if kind == family)
                found += [(leg, None, family, {**box, "daddr": members}) for leg, members in elsewhere if members]
    return _ways(found)


def of_reach(reach: Iterable[Reach]) -> Ways:
    """Return the ways that a host's routes open as declared."""
    found: list[tuple[str, int | None, int, Box]] = []
    for one in reach:
        for via, members in ((None, one.near), (one.via, one.far)):
            if members:
                found.append((one.interface, via, one.family, {"family": single(one.family), "daddr": members}))
    return _ways(found)


def _ways(found: Iterable[tuple[str, int | None, int, Box]]) -> Ways:
    link: dict[str, Index] = {}
    routers: dict[str, dict[tuple[int, int], Index]] = {}
    for interface, via, family, box in found:
        if via is None:
            link.setdefault(interface, Index()).add([box])
        else:
            routers.setdefault(interface, {}).setdefault((family, via), Index()).add([box])
    return Ways(link, routers)
