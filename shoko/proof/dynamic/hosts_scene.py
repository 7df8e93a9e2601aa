"""What both kinds of trial by ordinary sockets stand on: who is there, who holds which address, what is expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shoko.lab.outside.topology import WORLD
from shoko.proof.dynamic.hosts_attempts import Attempt, Parties, Permitted, parties
from shoko.proof.dynamic.hosts_fates import Roles
from shoko.proof.dynamic.hosts_model import HostModel, Model
from shoko.proof.dynamic.place import Place
from shoko.proof.errors import ProofError
from shoko.proof.expected.permissions import permissions


@dataclass(frozen=True)
class Scene:
    """The running lab as the trials see it. `unproved` names who and what cannot take part, and why."""

    place: Place
    everybody: Parties
    roles: Roles
    model: Model
    permitted: Permitted
    absent: frozenset[str]
    unproved: tuple[str, ...]

    def takes_part(self, one: Attempt) -> bool:
        """Whether both ends of an attempt are there, and are two."""
        holding = self.roles.holding
        if one.source not in holding or one.destination not in holding:
            return False
        ends = {one.host, holding[one.destination]}
        return len(ends) == 2 and not ends & self.absent

    def routes(self, chosen: Iterable[Attempt]) -> dict[tuple[str, str, str], str]:
        """Return the sender's interface by its own routes, by host, source and destination; absent without a route."""
        pairs: dict[str, set[tuple[str, str]]] = {}
        for one in chosen:
            pairs.setdefault(one.host, set()).add((one.source, one.destination))
        return {
            (host, *pair): way
            for host, wanted in pairs.items()
            for pair, way in self.place.ways(host, sorted(wanted)).items()
        }

    def routes_back(self, chosen: Iterable[Attempt]) -> dict[Attempt, bool]:
        """Return whether the receiver of each attempt has a route back to its sender."""
        turned = {one: (self.roles.holding[one.destination], one.destination, one.source) for one in chosen}
        pairs: dict[str, set[tuple[str, str]]] = {}
        for host, source, destination in turned.values():
            pairs.setdefault(host, set()).add((source, destination))
        known = {(host, *pair) for host, wanted in pairs.items() for pair in self.place.ways(host, sorted(wanted))}
        return {one: way in known for one, way in turned.items()}

    def check_at_rest(self) -> None:
        """Raise ProofError if an address has moved to another host: what was tried before then shows nothing."""
        again, _ = self.place.holding(self.everybody.holders)
        before = self.roles.holding
        moved = sorted(address for address in before if again.get(address) != before[address])
        if moved:
            raise ProofError(f"addresses moved during the proof ({', '.join(moved)}): run it again when all is at rest")


def scene(place: Place, listings: Mapping[str, dict[str, Any] | str]) -> Scene:
    """Look at the running lab; `listings` are what its hosts enforce just now (running.listings)."""
    declaration = place.declaration
    everybody = parties(declaration)
    holding, unproved = place.holding(everybody.holders)
    unproved += [f"{name} does not run: nothing is tried from there or to there" for name in place.missing]
    models, not_understood = _models(place, listings)
    roles = Roles(declaration.gateways.hosts, frozenset(declaration.external), holding, _unrouted(place, holding))
    return Scene(
        place,
        everybody,
        roles,
        Model(declaration, models, roles, _active(place, holding)),
        Permitted(declaration, permissions(declaration), everybody),
        frozenset({*place.missing, *(name for name in declaration.hosts if name not in models)}),
        (*unproved, *not_understood),
    )


def _models(place: Place, listings: Mapping[str, dict[str, Any] | str]) -> tuple[dict[str, HostModel], list[str]]:
    models: dict[str, HostModel] = {}
    unproved = []
    for host in place.declaration.hosts:
        if host in place.running:
            try:
                models[host] = HostModel(place.declaration, host, listings.get(host, "no ruleset was read"))
            except ProofError as problem:
                unproved.append(f"{problem}: nothing is tried from there or to there")
    return models, unproved


def _unrouted(place: Place, holding: Mapping[str, str]) -> frozenset[str]:
    """The addresses to which the internet, as the lab plays it, has no route: it says so by its own table."""
    own = place.declaration.external.get(WORLD)
    if own is None or WORLD not in place.running:
        return frozenset()
    by_family = {one.ip.version: str(one.ip) for one in (own.ipv4, own.ipv6) if one is not None}
    asked = [(by_family[6 if ":" in address else 4], address) for address in holding if holding[address] != WORLD]
    known = {destination for _source, destination in place.ways(WORLD, asked)}
    return frozenset(destination for _source, destination in asked if destination not in known)


def _active(place: Place, holding: Mapping[str, str]) -> str:
    declaration = place.declaration
    shared = str(declaration.gateway_vip(declaration.gateways.manage, "ipv4"))
    if shared not in holding:
        raise ProofError(f"no gateway holds {shared}: start one of {', '.join(declaration.gateways.hosts)}")
    return holding[shared]
