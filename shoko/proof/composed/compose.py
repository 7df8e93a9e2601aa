"""The proof of a whole site: each host with all that was seen of it, and what gets through from end to end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from shoko.declaration.model import Declaration
from shoko.observe.visit import Observation
from shoko.proof.composed import layers, switch
from shoko.proof.composed.addresses import given
from shoko.proof.composed.crossing import Crossing, extra, missing
from shoko.proof.composed.gateways import Unlike, unlike
from shoko.proof.composed.layers import Cell
from shoko.proof.composed.passage import Passages
from shoko.proof.composed.point import point
from shoko.proof.composed.seen import Routings, Seen, judged
from shoko.proof.composed.sentences import Broken, Sentences
from shoko.proof.composed.site import Site, Ways, of_reach, of_routing
from shoko.proof.expected.networks import FAMILIES, NAMES, of_address
from shoko.proof.expected.passage import passages
from shoko.proof.expected.permissions import Permission, permissions
from shoko.proof.expected.reach import held, reaches
from shoko.proof.expected.sides import own
from shoko.proof.prove import HostProof
from shoko.proof.spans import Spans, minus, single, union

Observations = Mapping[str, Observation | str]


@dataclass(frozen=True)
class Composed:
    """What holds of all enforcing points together.

    `missing` are hosts of which nothing is known, so that nothing is said about ways from, through or to them.
    `running` says whether routes, addresses and the switch are part of it, or taken as declared.
    """

    running: bool
    missing: tuple[str, ...]
    ways: int
    crossings: tuple[Crossing, ...]
    gateways: tuple[Unlike, ...]
    sentences: Mapping[str, Broken | None]
    segments: tuple[Cell, ...]
    zones: tuple[Cell, ...]

    @property
    def differs(self) -> bool:
        """Whether a packet shows that the site as a whole is not what is declared."""
        return bool(self.crossings or self.gateways) or any(self.sentences.values())

    def of_sentence(self, name: str) -> str:
        """Return "broken", "holds", or "unproved": what is not known could break it."""
        return "broken" if self.sentences[name] is not None else "unproved" if self.missing else "holds"


def compose(
    declaration: Declaration, proofs: list[HostProof], observations: Observations | None
) -> tuple[list[HostProof], Composed | None]:
    """Return the proofs with what was seen besides rulesets, and what they come to together.

    That is None unless all hosts were asked. Without observations the rulesets alone are composed, over routes,
    addresses and VLANs as declared.
    """
    every = permissions(declaration)
    seen = [_seen(declaration, every, proof, observations) for proof in proofs]
    if {proof.host for proof in proofs} != set(declaration.hosts):
        return [one.proof for one in seen], None
    known = {one.proof.host: one for one in seen if not one.proof.unproved and one.proof.ruleset is not None}
    site = _site(declaration, every, known, observations)
    must = passages(declaration, [one for one in every if not one.windowed])
    passing = Passages(site).all()
    found = [*extra(site, passing, must), *missing(site, passing, must)]
    may = passing
    if any(one.proof.windows is not None for one in known.values()):
        opened = _opened(site, known)
        may = Passages(opened).all()
        found += extra(opened, may, passages(declaration, every))
    cells = layers.of_segments(site, every, running=observations is not None)
    composed = Composed(
        running=observations is not None,
        missing=tuple(name for name in declaration.hosts if name not in known),
        ways=len(passing),
        crossings=tuple(found),
        gateways=tuple(unlike([known[name].proof for name in declaration.gateways.hosts if name in known])),
        sentences=Sentences(declaration, every).broken(may),
        segments=tuple(cell for cell in cells if cell.layers),
        zones=tuple(layers.of_zones(declaration, cells)),
    )
    return [one.proof for one in seen], composed


def _seen(
    declaration: Declaration, permissions_: list[Permission], proof: HostProof, observations: Observations | None
) -> Seen:
    page = (observations or {}).get(proof.host)
    return judged(declaration, permissions_, proof, page) if isinstance(page, Observation) else Seen(proof, None)


def _site(
    declaration: Declaration,
    every: list[Permission],
    known: Mapping[str, Seen],
    observations: Observations | None,
) -> Site:
    return Site(
        declaration,
        points={
            name: point(declaration, name, one.proof.ruleset, one.proof.names)
            for name, one in known.items()
            if one.proof.ruleset is not None
        },
        ways={name: _ways(declaration, every, name, one.routings) for name, one in known.items()},
        held=dict(_held(declaration, known, observations or {})),
        vlans=_vlans(declaration, observations or {}),
    )


def _opened(site: Site, known: Mapping[str, Seen]) -> Site:
    """The same site, with all windows that are open."""
    points = {
        name: point(site.declaration, name, one.proof.windows, one.proof.names)
        for name, one in known.items()
        if one.proof.windows is not None
    }
    return replace(site, points={**site.points, **points})


def _ways(declaration: Declaration, every: list[Permission], name: str, routings: Routings | None) -> Ways:
    host = declaration.hosts[name]
    if routings is None:
        return of_reach(reaches(declaration, every, host).values())
    shared = {
        (leg.interface, family): minus(held(declaration, host, leg, family), own(leg, family))
        for leg in host.legs
        for family in FAMILIES
    }
    return of_routing(routings, shared)


def _held(
    declaration: Declaration, known: Mapping[str, Seen], observations: Observations
) -> Iterator[tuple[tuple[str, str, int], Spans]]:
    """What each leg answers to: what it may hold, and whatever else it was seen to have."""
    for name in known:
        host, page = declaration.hosts[name], observations.get(name)
        more = list(given(page.addresses)) if isinstance(page, Observation) else []
        for family in FAMILIES:
            for leg in host.legs:
                seen = (single(at) for interface, kind, at in more if (interface, kind) == (leg.interface, family))
                yield (name, leg.interface, family), union([held(declaration, host, leg, family), *seen])
            for segment in declaration.segments.values():
                if segment.tunnel is not None and name in declaration.gateways.hosts:
                    at = of_address(declaration.gateway_vip(segment.name, NAMES[family]))
                    yield (name, segment.interface, family), at


def _vlans(declaration: Declaration, observations: Observations) -> dict[tuple[str, str], frozenset[int]]:
    """The VLANs of each leg: as declared, unless a switch was read."""
    found = switch.declared_vlans(declaration)
    for name, driver in declaration.switches.items():
        page = observations.get(name)
        if driver == switch.DRIVER and isinstance(page, Observation) and page.switch is not None:
            found |= switch.vlans(declaration, name, page)
    return found
