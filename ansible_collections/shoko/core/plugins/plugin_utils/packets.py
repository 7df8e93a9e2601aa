"""Packets that a run newly permits or denies, as lines that a person reads: one per flow and pair of zones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

VERBS = {"permitted": "newly permitted", "denied": "newly denied"}

Entry = Mapping[str, Any]  # as module_utils/firewall_permits.py has it
Changes = Mapping[str, Mapping[str, list[Entry]]]  # host, then a key of VERBS


class _Said(NamedTuple):
    """What a line says beside its ends; `where` is who decides: (chain, gateway or nothing)."""

    flow: str
    service: str
    windowed: bool
    users: tuple[str, ...]
    ports: tuple[str, ...]
    families: tuple[str, ...]
    where: frozenset[tuple[str, str]]
    zones: tuple[str, str]


def lines(changes: Changes) -> list[str]:
    """Return the lines of all hosts' changes: what is permitted, then what is denied. Nothing is left out.

    A line lists ends only as far as every sender on it reaches every receiver on it. Where an end stays and its
    addresses change, they stand behind its name.
    """
    return [line for verb in VERBS for line in _verb(verb, changes)]


def _verb(verb: str, changes: Changes) -> Iterator[str]:
    pairs: dict[_Said, dict[str, dict[str, set[str]]]] = defaultdict(lambda: defaultdict(dict))
    for (flow, service, windowed, source, destination), ways in _by_pair(verb, changes).items():
        for (places, users, families), ports in _grouped(ways).items():
            gateways = frozenset((chain, host if chain == "forward" else "") for chain, host in places)
            zones = (source.partition("/")[0], destination.partition("/")[0])
            said = _Said(flow, service, windowed, users, tuple(ports), families, gateways, zones)
            pairs[said][source][destination] = {host for _chain, host in places}
    gateways = {host for host, both in changes.items() for one in both.get(verb, []) if one["chain"] == "forward"}
    for said in sorted(pairs, key=lambda one: (one.flow, one.zones, one.ports, one.families, sorted(one.where))):
        for sources, destinations, hosts in _products(pairs[said]):
            yield _line(verb, said, sources, destinations, sorted(hosts, key=lambda host: (host not in gateways, host)))


def _by_pair(verb: str, changes: Changes) -> dict[tuple[Any, ...], dict[tuple[str, str], Any]]:
    """Per flow, service and pair of ends: {(port, family): [places, users]}."""
    found: dict[tuple[Any, ...], dict[tuple[str, str], Any]] = defaultdict(dict)
    for host, both in changes.items():
        moved = _words(both.get("permitted", [])) & _words(both.get("denied", []))
        for entry in both.get(verb, []):
            for family, protocol, port, *ends in entry["ways"]:
                names = [entry["from"], entry["to"]]
                if (entry["chain"], *names, family, protocol, port) in moved:
                    names = [f"{name} [{addresses}]" for name, addresses in zip(names, ends, strict=True)]
                pair = (entry["flow"], entry["service"], entry["windowed"], *names)
                places, users = found[pair].setdefault((f"{protocol}/{port}", family), (set(), set()))
                places.add((entry["chain"], host))
                users.update(entry["users"])
    return found


def _words(entries: Iterable[Entry]) -> set[tuple[Any, ...]]:
    return {(one["chain"], one["from"], one["to"], *way[:3]) for one in entries for way in one["ways"]}


def _grouped(ways: dict[tuple[str, str], Any]) -> dict[tuple[Any, ...], list[str]]:
    """Join the families of a port, then the ports, as far as the same hosts and users are concerned."""
    families: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for (port, family), (places, users) in sorted(ways.items(), key=lambda one: one[0]):
        families[(port, frozenset(places), tuple(sorted(users)))].append(family)
    ports: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for (port, places, users), found in families.items():
        ports[(places, users, tuple(found))].append(port)
    return ports


def _products(
    table: Mapping[str, Mapping[str, set[str]]],
) -> Iterator[tuple[list[str], list[str], set[str]]]:
    """Yield senders, receivers and hosts: senders are joined that reach the very same receivers."""
    same: dict[frozenset[str], list[str]] = defaultdict(list)
    for source in sorted(table):
        same[frozenset(table[source])].append(source)
    for destinations, sources in same.items():
        hosts = {host for source in sources for found in table[source].values() for host in found}
        yield sources, sorted(destinations), hosts


def _line(verb: str, said: _Said, sources: list[str], destinations: list[str], hosts: list[str]) -> str:
    families = "" if len(said.families) == 2 else f" {said.families[0]} only"
    window = " in its window" if said.windowed else ""
    users = f" for {' '.join(said.users)}" if said.users else ""
    return (
        f"{said.flow}: {_ends(said.zones[0], sources)} → {_ends(said.zones[1], destinations)}"
        f"  {' '.join(said.ports)} ({said.service}){families}  {VERBS[verb]}{window} on {' '.join(hosts)}{users}"
    )


def _ends(zone: str, names: list[str]) -> str:
    """A zone and who in it, `zone/a,b`; the zone alone where an end has no other name."""
    inner = [name.removeprefix(zone).removeprefix("/") for name in names]
    return f"{zone}/{','.join(inner)}" if all(inner) else ",".join(names)
