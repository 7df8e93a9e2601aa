"""The declaration's `expect` sentences, held against what really gets through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shoko.declaration.model import Declaration, Expectation, Selector
from shoko.proof.boxes import Box, meet, without
from shoko.proof.expected.ends import Way
from shoko.proof.expected.networks import FAMILIES, internet, lines, of_address, ours, prefix
from shoko.proof.expected.passage import first
from shoko.proof.expected.permissions import Permission
from shoko.proof.expected.sides import Sides
from shoko.proof.spans import Spans, minus, single, union
from shoko.proof.words import PROTOCOLS

Region = Mapping[int, Spans]


@dataclass(frozen=True)
class Broken:
    """A first packet that a sentence forbids, and the way on which it gets through."""

    sentence: str
    way: Way
    box: Box


class Sentences:
    """Reads the sentences of one declaration."""

    def __init__(self, declaration: Declaration, permissions: list[Permission]) -> None:
        self._declaration = declaration
        self._permissions = permissions
        self._sides = Sides(declaration)

    def broken(self, passing: Mapping[Way, list[Box]]) -> dict[str, Broken | None]:
        """Return for each sentence a packet that breaks it; None where nothing that gets through does."""
        return {one.name: next(self._against(one, passing), None) for one in self._declaration.expect.values()}

    def _against(self, sentence: Expectation, passing: Mapping[Way, list[Box]]) -> Iterator[Broken]:
        forbidden = list(self._forbidden(sentence))
        excepted = self._excepted(sentence)
        for way, boxes in passing.items():
            for box in boxes:
                for one in forbidden:
                    both = meet(box, one)
                    if both is not None:
                        yield from (Broken(sentence.name, way, piece) for piece in without(both, excepted))

    def _forbidden(self, sentence: Expectation) -> Iterator[Box]:
        """The packets that must not get through; of `only`, those that do not come from the sources."""
        target = self._meant(sentence.destination) if sentence.destination is not None else self._ours()
        sources = [self._meant(one) for one in sentence.sources]
        for family in FAMILIES:
            mine = union(one.get(family, ()) for one in sources)
            for box in self._services(sentence):
                if not target.get(family):
                    continue
                there = {**box, "family": single(family), "daddr": target[family]}
                if sentence.kind == "never":
                    if mine:
                        yield {**there, "saddr": mine}
                else:
                    yield from without(there, [{"saddr": mine}] if mine else [])

    def _services(self, sentence: Expectation) -> list[Box]:
        if sentence.services is None:
            return [{}]
        ports = [port for name in sentence.services for port in self._declaration.services[name].ports]
        return [
            {"proto": single(PROTOCOLS[port.protocol]), "headed": single(1), "dport": single(port.number)}
            for port in ports
        ]

    def _excepted(self, sentence: Expectation) -> list[Box]:
        """What the exception's own flows permit, whoever then does the same."""
        if sentence.except_as is None:
            return []
        granted = self._meant(sentence.except_as)
        return [
            {name: members for name, members in first(one).items() if name != "saddr"}
            for one in self._permissions
            if not minus(granted.get(one.family, ()), one.source.addresses[one.family]) and granted.get(one.family)
        ]

    def _meant(self, selector: Selector) -> Region:
        """Of a zone all of its prefixes, whoever stands there; of the internet, the internet."""
        declaration = self._declaration
        if selector.zone is not None:
            segments = [
                one
                for one in declaration.zones[selector.zone].segments
                if not selector.segments or one.key in selector.segments
            ]
            outer = lines(declaration)
            return {
                family: union(
                    internet(declaration, family) if one in outer else prefix(one, family) for one in segments
                )
                for family in FAMILIES
            }
        if selector.host is not None and selector.host in declaration.external:
            party = declaration.external[selector.host]
            return {4: of_address(party.ipv4 and party.ipv4.ip), 6: of_address(party.ipv6 and party.ipv6.ip)}
        sides = self._sides.of(selector, "expect")
        return {family: union(side.addresses.get(family, ()) for side in sides) for family in FAMILIES}

    def _ours(self) -> Region:
        """Everything that is declared, lines included; not those of others."""
        near = {family: [prefix(one, family) for one in lines(self._declaration)] for family in FAMILIES}
        return {family: union([ours(self._declaration, family), *near[family]]) for family in FAMILIES}
