"""The sentences under `expect`, held against the flows as declared.

They speak of packets between addresses: what a flow permits `via` a proxy is two flows of packets, to the proxy and
from it, and is told beside the sentence by `shoko topology`.
"""

from __future__ import annotations

from dataclasses import dataclass

from shoko.declaration.checks.context import Context
from shoko.declaration.ends import FAMILIES, End, is_internet, ports_of, resolve
from shoko.declaration.model import Declaration, Expectation, Flow, Network, Selector
from shoko.declaration.reader import Path_


@dataclass(frozen=True)
class Region:
    """A set of addresses: some prefixes, and perhaps all of the internet. `foreign` prefixes are part of that."""

    networks: tuple[Network, ...]
    internet: bool = False
    foreign: bool = False

    def overlaps(self, other: Region) -> bool:
        """Whether an address belongs to both."""
        if self.internet and (other.internet or other.foreign):
            return True
        if other.internet and self.foreign:
            return True
        return any(a.version == b.version and a.overlaps(b) for a in self.networks for b in other.networks)

    def within(self, other: Region) -> bool:
        """Whether every address of this region belongs to the other."""
        if other.internet and (self.internet or self.foreign):
            return True
        return not self.internet and all(
            any(a.version == b.version and a.subnet_of(b) for b in other.networks)  # type: ignore[arg-type]
            for a in self.networks
        )


def check(context: Context) -> None:
    """Every sentence against every flow."""
    for sentence in context.declaration.expect.values():
        path: Path_ = ("expect", sentence.name, sentence.kind)
        for index, service in enumerate(sentence.services or ()):
            context.known((*path, "services", index), "service", service, context.written("services"))
        for message in _broken_by(context, sentence):
            context.report(path, message, "the flow or the sentence is wrong")


def _broken_by(context: Context, sentence: Expectation) -> list[str]:
    """What contradicts the sentence, one text for each flow that does."""
    declaration = context.declaration
    sources = [_meant(declaration, selector) for selector in sentence.sources]
    target = _ours(declaration) if sentence.destination is None else _meant(declaration, sentence.destination)
    found: list[str] = []
    for flow in declaration.flows.values():
        if not _services_meet(declaration, sentence, flow):
            continue
        starts, ends = context.ends[flow.name]
        hit = [end for end in ends if _region(declaration, (end,)).overlaps(target)]
        if not hit:
            continue
        for start in starts:
            region = _region(declaration, (start,))
            if sentence.kind == "only":
                wrong = not any(region.within(source) for source in sources)
            else:
                wrong = region.overlaps(sources[0]) and not _excepted(context, sentence, flow, start, hit)
            if wrong:
                found.append(f"flow {flow.name} lets {start.name} reach {hit[0].name}")
                break
    return found


def _services_meet(declaration: Declaration, sentence: Expectation, flow: Flow) -> bool:
    if sentence.services is None:
        return True
    return bool(ports_of(declaration, sentence.services) & ports_of(declaration, flow.services))


def _excepted(context: Context, sentence: Expectation, flow: Flow, start: End, hit: list[End]) -> bool:
    """Whether the exception's own flows permit the same: these ends, by these ports."""
    if sentence.except_as is None:
        return False
    declaration = context.declaration
    granted = _meant(declaration, sentence.except_as)
    if _region(declaration, (start,)).within(granted) and start.kind == "internet":
        return True
    ports = ports_of(declaration, flow.services)
    for other in declaration.flows.values():
        starts, ends = context.ends[other.name]
        if (
            other.name != flow.name
            and any(_region(declaration, (one,)).within(granted) and one.kind == "internet" for one in starts)
            and set(hit) <= set(ends)
            and ports <= ports_of(declaration, other.services)
        ):
            return True
    return False


def _region(declaration: Declaration, ends: tuple[End, ...]) -> Region:
    networks = tuple(
        network
        for end in ends
        if end.kind != "internet"
        for family in FAMILIES
        if (network := end.network(family)) is not None
    )
    foreign = any(end.kind in {"external", "prefix"} and declaration.zones[end.zone].outside for end in ends)
    return Region(networks, any(end.kind == "internet" for end in ends), foreign)


def _ours(declaration: Declaration) -> Region:
    """Everything that is declared, lines of others left out."""
    networks = tuple(
        prefix
        for segment in declaration.segments.values()
        if not segment.own_uplink
        for prefix in (segment.ipv4, segment.ipv6)
        if prefix is not None
    )
    return Region(networks)


def _meant(declaration: Declaration, selector: Selector) -> Region:
    """What a selector means in a sentence: of a zone all of its prefixes, whoever stands there."""
    zone = declaration.zones.get(selector.zone or "")
    if zone is None or is_internet(zone):
        return _region(declaration, resolve(declaration, selector))
    return Region(
        tuple(
            prefix
            for segment in zone.segments
            if not selector.segments or segment.key in selector.segments
            for prefix in (segment.ipv4, segment.ipv6)
            if prefix is not None
        ),
        foreign=zone.outside,
    )
