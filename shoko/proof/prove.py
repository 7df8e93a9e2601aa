"""The proof of one host, and of a whole site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shoko.declaration.model import Declaration
from shoko.proof import read as reading
from shoko.proof.boxes import Box, product, without
from shoko.proof.compare import Compared, Finding, compared
from shoko.proof.errors import ProofError
from shoko.proof.expected.host import HostExpectation
from shoko.proof.expected.permissions import Permission, permissions
from shoko.proof.expected.translation import of_groups
from shoko.proof.index import Index
from shoko.proof.interfaces import Interfaces
from shoko.proof.owners import READ, advice
from shoko.proof.packet import example
from shoko.proof.paths import PATHS, Path, leaving, translations
from shoko.proof.ruleset import Ruleset
from shoko.proof.spans import single


@dataclass(frozen=True)
class HostProof:
    """What was found about one host. `unproved` is what nothing can be said about, and why, and what to do.

    `paths` is what was compared. `ruleset` is what the host enforces, and `windows` the same with the elements that
    expire, where it has some; None where it could not be read.
    """

    host: str
    findings: tuple[Finding, ...]
    unproved: tuple[str, ...]
    names: Interfaces
    paths: tuple[Compared, ...] = ()
    ruleset: Ruleset | None = None
    windows: Ruleset | None = None

    @property
    def proven(self) -> bool:
        """Whether the host enforces the declaration, for every packet."""
        return not self.findings and not self.unproved


def prove_site(declaration: Declaration, listings: Mapping[str, Mapping[str, Any] | str]) -> list[HostProof]:
    """Prove every declared host against its `nft -j list ruleset` (and `forwarding`, if known), in declared order.

    A text in place of a listing is the reason why there is none. A host without either is unproved as well.
    """
    every = permissions(declaration)
    return [
        prove_host(declaration, every, host, listings.get(host, "no ruleset was read from this host"))
        for host in declaration.hosts
    ]


def prove_host(
    declaration: Declaration, every: list[Permission], host: str, listing: Mapping[str, Any] | str
) -> HostProof:
    """Prove one host; `every` is `permissions(declaration)`."""
    if isinstance(listing, str):
        return _unproved(host, listing)
    try:
        names = Interfaces({*declared_interfaces(declaration, host), *reading.names(listing)})
        ruleset = reading.read(listing, names)
        if ruleset.unknown:
            return _unproved(host, *(f"{one}; {advice(one.where)}" for one in ruleset.unknown))
        windows = reading.read(listing, names, timed=True) if reading.expiring(listing) else None
        expected = HostExpectation(declaration, every, host, names)
        paths = tuple(compared(ruleset, path, expected, windows) for path in PATHS)
        findings = [
            *_default_deny(ruleset),
            *_forwarding(declaration, host, listing.get("forwarding", [])),
            *(found for one in paths for found in one.findings),
            *_translated(translations(ruleset), of_groups(declaration, every, host, names)),
        ]
    except ProofError as problem:
        return _unproved(host, str(problem))
    except reading.SHAPELESS as problem:
        return _unproved(host, f"nft printed JSON of an unknown shape ({type(problem).__name__}: {problem}); {READ}")
    return HostProof(host, tuple(findings), (), names, paths, ruleset, windows)


def _unproved(host: str, *reasons: str) -> HostProof:
    return HostProof(host, (), reasons, Interfaces(()))


def declared_interfaces(declaration: Declaration, host: str) -> set[str]:
    """Return the names of the interfaces that a host has by the declaration."""
    interfaces = {"lo", *(leg.interface for leg in declaration.hosts[host].legs)}
    if host in declaration.gateways.hosts:
        interfaces |= {segment.interface for segment in declaration.segments.values()}
        interfaces.add(declaration.gateways.sync.interface)
    return interfaces


def _default_deny(ruleset: Ruleset) -> Iterable[Finding]:
    """What no rule mentions is dropped on every path, by the policy of at least one of its base chains."""
    for path in PATHS:
        if not any(chain.policy == "drop" for chain in ruleset.hooked(path)):
            yield Finding("default", path, None, {}, detail="no base chain of this hook has the policy drop")


def _forwarding(declaration: Declaration, host: str, families: list[int]) -> Iterable[Finding]:
    """Only gateways forward; everywhere else the ruleset would be all that holds packets back."""
    if host not in declaration.gateways.hosts:
        for family in families:
            detail = f"IPv{family} forwarding is on, and this host is no gateway"
            yield Finding("forwards", "forward", None, {"family": single(family)}, detail=detail)


def _translated(actual: dict[str, list[Box]], expected: dict[str, list[Box]]) -> Iterable[Finding]:
    """Source addresses change for the declared packets only, to the declared address only."""
    for address in sorted({*actual, *expected}):
        is_so, should = actual.get(address, []), list(product(leaving(), expected.get(address, [])))
        for here, there, detail in ((is_so, should, "is"), (should, is_so, "is not")):
            known = Index(there)
            for box in here:
                for wrong in without(box, known.near(box)):
                    yield Finding(
                        "translated", _path(wrong), example(wrong), wrong, detail=f"{detail} translated to {address}"
                    )


def _path(box: Box) -> Path:
    return "output" if box.get("iif", (1,))[0] == 0 else "forward"
