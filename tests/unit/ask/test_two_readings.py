"""The answers come from the expansion that makes the rules; the prover's own expansion must say the same."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from shoko.declaration import load
from shoko.declaration.model import Declaration
from shoko.proof.expected.networks import FAMILIES, internet, of_address, of_network, prefix
from shoko.proof.expected.permissions import permissions
from shoko.proof.spans import Spans, meet, union
from shoko.proof.words import PROTOCOLS

from .sites import QUESTIONS, Question

Fact = tuple[str, int, int, int, Spans, Spans]  # flow, family, protocol, port, sources, destinations


def _addresses(declaration: Declaration, text: str) -> dict[int, Spans]:
    """All addresses of a place of a question, read without the code that is under test."""
    kind, colon, name = text.partition(":")
    name = name if colon and kind in ("zone", "vip") else text
    found = {family: _of(declaration, name, kind if colon else "", family) for family in FAMILIES}
    assert any(found.values()), text
    return found


def _of(declaration: Declaration, name: str, kind: str, family: int) -> Spans:
    version = "ipv4" if family == 4 else "ipv6"
    if name in declaration.zones and kind != "vip":
        if name == "internet":
            return internet(declaration, family)
        return union(prefix(segment, family) for segment in declaration.zones[name].segments)
    if name in declaration.segments:
        return prefix(declaration.segments[name], family)
    if name in declaration.hosts:
        return union(of_address(getattr(leg, version)) for leg in declaration.hosts[name].legs)
    for parties in (declaration.vips, declaration.people, declaration.external):
        if name in parties:
            address = getattr(parties[name], version)
            break
    else:
        address = ip_address(name)
    return of_address(getattr(address, "ip", address)) if address and address.version == family else ()


def _proven(declaration: Declaration, question: Question) -> set[Fact]:
    start, end, service = question.asked
    sources, destinations = _addresses(declaration, start), _addresses(declaration, end)
    if service in declaration.services:
        ports = {(PROTOCOLS[port.protocol], port.number) for port in declaration.services[service].ports}
    else:
        protocol, number = service.split("/")
        ports = {(PROTOCOLS[protocol], int(number))}
    found: set[Fact] = set()
    for one in permissions(declaration):
        met = meet(one.source.addresses[one.family], sources[one.family])
        there = meet(one.destination.addresses[one.family], destinations[one.family])
        if (one.proto, one.port) in ports and met and there:
            found.add((one.flow, one.family, one.proto, one.port, met, there))
    return found


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_both_readings_permit_the_same_packets(question: Question) -> None:
    answered: set[Fact] = {
        (
            grant.item.flow,
            4 if grant.item.family == "ipv4" else 6,
            PROTOCOLS[grant.item.protocol],
            grant.item.port,
            union(of_network(network) for network in grant.sources),
            union(of_network(network) for network in grant.destinations),
        )
        for grant in question.result.answer.grants
    }
    assert answered == _proven(load(question.site), question)
