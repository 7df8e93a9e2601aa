"""Passes become firewall rules: host output, gateway forward, host input. Merged only where nothing widens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from shoko.declaration.model import Declaration, Family, Leg, Network
from shoko.policy.accounts import uid_of
from shoko.policy.ends import End, leg_end
from shoko.policy.errors import PolicyError
from shoko.policy.expand import Pass
from shoko.policy.prefixes import collapse

Json = dict[str, object]


@dataclass(frozen=True)
class Seen:
    """A pass as one machine sees it: interfaces, and prefixes narrowed to what can pass there."""

    item: Pass
    iif: str | None
    oif: str | None
    sources: tuple[Network, ...]
    destinations: tuple[Network, ...]


def sending_legs(declaration: Declaration, end: End) -> tuple[Leg, ...]:
    """Return the legs of declared hosts from which a source end sends."""
    if end.kind == "leg":
        return (declaration.hosts[end.host or ""].leg(end.interface or ""),)
    if end.kind == "population":
        return _standing_in(declaration, end.segment)
    return ()


def answering_legs(declaration: Declaration, end: End) -> tuple[Leg, ...]:
    """Return the legs of declared hosts on which a destination end is answered; holders for shared addresses."""
    if end.kind in ("vip", "line"):
        return tuple(leg for host in end.holders for leg in declaration.hosts[host].legs if leg.segment == end.segment)
    return sending_legs(declaration, end)


def _standing_in(declaration: Declaration, segment: str) -> tuple[Leg, ...]:
    """Hosts in an open segment; the gateways' own legs there are no part of the population."""
    return tuple(
        leg
        for host in declaration.hosts.values()
        if host.name not in declaration.gateways.hosts
        for leg in host.legs
        if leg.segment == segment
    )


def sent(declaration: Declaration, passes: Iterable[Pass], host: str) -> Iterator[Seen]:
    """Yield what a host itself may open, from its own addresses."""
    for item in passes:
        for leg in sending_legs(declaration, item.source):
            own = leg_end(leg).prefixes(item.family)
            if leg.host == host and own:
                yield Seen(item, None, leg.interface, own, item.destinations)


def answered(declaration: Declaration, passes: Iterable[Pass], host: str) -> Iterator[Seen]:
    """Yield what may be opened to a host; shared addresses by themselves only."""
    for item in passes:
        for leg in answering_legs(declaration, item.destination):
            own = _answered(item, leg)
            if leg.host == host and own:
                yield Seen(item, leg.interface, None, item.sources, own)


def forwarded(declaration: Declaration, passes: Iterable[Pass]) -> Iterator[Seen]:
    """Yield what the gateways let through, by the interfaces of the two segments."""
    for item in passes:
        if item.routed:
            iif = declaration.segments[item.source.segment].interface
            oif = declaration.segments[item.destination.segment].interface
            yield Seen(item, iif, oif, item.sources, item.destinations)


def outputs(declaration: Declaration, passes: Iterable[Pass], host: str) -> list[Json]:
    """Return what a host itself may open, as rules of its output chain."""
    return merged(sent(declaration, passes, host))


def inputs(declaration: Declaration, passes: Iterable[Pass], host: str) -> list[Json]:
    """Return what may be opened to a host, as rules of its input chain."""
    return merged(answered(declaration, passes, host))


def _answered(item: Pass, leg: Leg) -> tuple[Network, ...]:
    shared = item.destination.kind in ("vip", "line")
    return item.destinations if shared else leg_end(leg).prefixes(item.family)


def pairs(declaration: Declaration, passes: Iterable[Pass]) -> list[Json]:
    """Return the gateways' chains: one for every ordered pair of interfaces that some pass crosses."""
    crossing: dict[tuple[str, str], list[Seen]] = {}
    for seen in forwarded(declaration, passes):
        crossing.setdefault((seen.iif or "", seen.oif or ""), []).append(seen)
    return [
        {"in": iif, "out": oif, "chain": chain_name(iif, oif), "rules": merged(crossed)}
        for (iif, oif), crossed in sorted(crossing.items())
    ]


def chain_name(iif: str, oif: str) -> str:
    """Return the name of a pair's chain: nft wants a letter first."""
    return f"{iif if iif[0].isalpha() else 'z' + iif}__{oif}"


def windows(declaration: Declaration, passes: Iterable[Pass]) -> list[Json]:
    """Return the windowed flows among these passes, with the set elements that open them.

    An element is [mark, source, destination, port]; the loader adds it to `open4` or `open6` with the remaining time.
    `from` and `until` are seconds since the epoch where the declaration says when, else null: then a command opens it,
    for `longest` seconds at most.
    """
    flows: dict[str, Pass] = {}
    opening: dict[tuple[str, Family], list[list[object]]] = {}
    for item in passes:
        if not item.windowed:
            continue
        flows[item.flow] = item
        elements = opening.setdefault((item.flow, item.family), [])
        for source in item.sources:
            for destination in item.destinations:
                if source.num_addresses != 1 or destination.num_addresses != 1:
                    raise PolicyError(
                        f"flows.{item.flow}: a window opens between single addresses, not {source} and {destination}"
                    )
                element: list[object] = [item.mark, text(source), text(destination), item.port]
                if element not in elements:
                    elements.append(element)
    return [
        {
            "flow": name,
            "number": flows[name].number,
            "mark": flows[name].mark,
            "ipv4": opening.get((name, "ipv4"), []),
            "ipv6": opening.get((name, "ipv6"), []),
            **_times(declaration, name),
        }
        for name in sorted(flows)
    ]


def _times(declaration: Declaration, flow: str) -> Json:
    window = declaration.flows[flow].window
    if window is None:
        raise PolicyError(f"flows.{flow}: has passes with a window, but no window")
    return {
        "from": None if window.start is None else int(window.start.timestamp()),
        "until": None if window.end is None else int(window.end.timestamp()),
        "by_command": window.by_command,
        "longest": None if window.longest is None else int(window.longest.total_seconds()),
    }


def text(network: Network) -> str:
    """Return a prefix as people write it: a single address without its length."""
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def ordered(networks: Iterable[Network]) -> tuple[Network, ...]:
    """Return distinct prefixes in numerical order."""
    distinct = set(networks)
    v4 = sorted(network for network in distinct if isinstance(network, IPv4Network))
    v6 = sorted(network for network in distinct if isinstance(network, IPv6Network))
    return (*v4, *v6)


_Key = tuple[int, str, Family, Literal["tcp", "udp"], str | None, str | None, tuple[str, ...], bool, int]


def merged(seen: Iterable[Seen]) -> list[Json]:
    """Merge passes of one flow into rules "sources x destinations x ports" that cover exactly these passes."""
    flows: dict[_Key, dict[Network, dict[Network, set[int]]]] = {}
    for one in seen:
        item = one.item
        users = item.users if one.iif is None else ()  # only the sending host knows whose process it is
        key = (item.number, item.flow, item.family, item.protocol, one.iif, one.oif, users, item.windowed, item.mark)
        table = flows.setdefault(key, {})
        if not one.sources or not one.destinations:
            raise PolicyError(f"flows.{item.flow}: an empty list of addresses would widen the rule")
        for source in one.sources:
            for destination in one.destinations:
                table.setdefault(source, {}).setdefault(destination, set()).add(item.port)
    rules: list[Json] = []
    for key in sorted(flows, key=lambda k: (k[0], k[2], k[3], k[4] or "", k[5] or "", k[6])):
        rules.extend(_rule(key, *block) for block in _blocks(flows[key]))
    return rules


def _blocks(
    table: dict[Network, dict[Network, set[int]]],
) -> Iterator[tuple[tuple[Network, ...], tuple[Network, ...], tuple[int, ...]]]:
    """Yield products of sources, destinations and ports whose union is the table, and no more."""

    def grouped[K](members: dict[Network, K], value: Callable[[K], object]) -> list[tuple[list[Network], K]]:
        groups: dict[object, tuple[list[Network], K]] = {}
        for network in ordered(members):
            groups.setdefault(value(members[network]), ([], members[network]))[0].append(network)
        return list(groups.values())

    def frozen(row: dict[Network, set[int]]) -> object:
        return frozenset((destination, frozenset(ports)) for destination, ports in row.items())

    for sources, row in grouped(table, frozen):
        for destinations, ports in grouped(row, frozenset):
            yield tuple(sources), tuple(destinations), tuple(sorted(ports))


def _rule(key: _Key, sources: tuple[Network, ...], destinations: tuple[Network, ...], ports: tuple[int, ...]) -> Json:
    number, flow, family, protocol, iif, oif, users, windowed, mark = key
    exact = all(network.num_addresses == 1 for network in (*sources, *destinations))
    if not exact:
        sources, destinations = collapse(sources), collapse(destinations)
    return {
        "flow": flow,
        "number": number,
        "mark": mark,
        "family": family,
        "protocol": protocol,
        "iif": iif,
        "oif": oif,
        "sources": [text(network) for network in sources],
        "destinations": [text(network) for network in destinations],
        "ports": list(ports),
        "users": list(users),
        "uids": [uid_of(user, f"flows.{flow}") for user in users],
        "exact": exact,
        "windowed": windowed,
    }
