"""A host's routing as a function: which way a packet takes, for every source and destination at once.

Rules are asked in order of priority, in each table the longest prefix counts and then the lowest metric (ip-rule(8),
ip-route(8)). Whatever else a rule or a route may depend on is not understood, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Literal

from shoko.proof import spans
from shoko.proof.composed.errors import NotUnderstood
from shoko.proof.fields import ADDRESSES
from shoko.proof.spans import Spans

_OF_RULE = {"priority", "src", "srclen", "dst", "dstlen", "table", "protocol", "action"}
_OF_ROUTE = {
    "type", "dst", "gateway", "dev", "table", "protocol", "scope", "prefsrc", "metric", "flags", "pref", "nexthops",
    "metrics", "expires",
}  # fmt: skip
_HARMLESS_FLAGS = {"onlink", "linkdown", "pervasive"}
_HERE = {"local", "broadcast", "anycast", "multicast"}
_REFUSED = {"unreachable", "blackhole", "prohibit"}
_LAST = 1024  # metric of an IPv6 route that names none (IP6_RT_PRIO_USER, include/net/ip6_route.h)


@dataclass(frozen=True)
class Hop:
    """The interface by which a packet leaves, and the router that takes it; None: its destination is on the link."""

    interface: str
    via: int | None = None


@dataclass(frozen=True)
class Way:
    """`here`: the host takes it itself. `out`: by one of the hops. `refused`: by a route that says so. `none`: none."""

    kind: Literal["here", "out", "refused", "none"]
    hops: tuple[Hop, ...] = ()


NONE = Way("none")
Piece = tuple[Spans, Spans, Way]


class Routing:
    """The routing of one family of a host. Raises NotUnderstood for what it does not know."""

    def __init__(self, family: int, page: Mapping[str, list[dict[str, Any]]]) -> None:
        self._family = family
        self._every = ADDRESSES[family]
        tables: dict[str, list[dict[str, Any]]] = {}
        for route in page["routes"]:
            _known(route, _OF_ROUTE, "route")
            tables.setdefault(str(route.get("table", "main")), []).append(route)
        self._tables = {name: list(self._table(routes)) for name, routes in tables.items()}
        self._rules = [self._rule(rule) for rule in sorted(page["rules"], key=lambda one: int(one["priority"]))]
        self._whole: list[Piece] | None = None

    def ways(self, sources: Spans, destinations: Spans) -> list[Piece]:
        """Return which ways these packets take: disjoint pieces of sources and destinations."""
        if self._whole is None:
            self._whole = list(self._asked())
        return [
            (mine, yours, way)
            for source, destination, way in self._whole
            if (mine := spans.meet(source, sources)) and (yours := spans.meet(destination, destinations))
        ]

    def _asked(self) -> Iterator[Piece]:
        left: list[tuple[Spans, Spans]] = [(self._every, self._every)]
        for source, destination, table in self._rules:
            rest: list[tuple[Spans, Spans]] = []
            for mine, yours in left:
                if not (hit := spans.meet(mine, source)) or not (aimed := spans.meet(yours, destination)):
                    rest.append((mine, yours))
                    continue
                if other := spans.minus(mine, source):
                    rest.append((other, yours))
                if beside := spans.minus(yours, destination):
                    rest.append((hit, beside))
                for part, way in table:
                    if both := spans.meet(aimed, part):
                        yield hit, both, way
                if unanswered := spans.minus(aimed, spans.union(part for part, _way in table)):
                    rest.append((hit, unanswered))
            left = rest
        yield from ((mine, yours, NONE) for mine, yours in left)

    def _rule(self, rule: Mapping[str, Any]) -> tuple[Spans, Spans, list[tuple[Spans, Way]]]:
        _known(rule, _OF_RULE, "rule")
        source, destination = (self._end(rule, end) for end in ("src", "dst"))
        if "action" in rule:
            if rule["action"] not in _REFUSED:
                raise NotUnderstood(f"routing rule {dict(rule)}: its action has no meaning here; delete the rule")
            return source, destination, [(self._every, Way("refused"))]
        return source, destination, self._tables.get(str(rule["table"]), [])

    def _end(self, rule: Mapping[str, Any], end: str) -> Spans:
        written = rule.get(end, "all")
        if written == "all":
            return self._every
        return self._prefix(f"{written}/{rule[end + 'len']}" if end + "len" in rule else str(written))

    def _table(self, routes: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Spans, Way]]:
        """The table cut into disjoint sets of destinations; a `throw` leaves its set to the next rule."""
        by_prefix: dict[tuple[int, int], tuple[Spans, list[Mapping[str, Any]]]] = {}
        for route in routes:
            if "dead" in route.get("flags", ()):
                continue
            members = self._prefix(str(route["dst"]))
            metric = int(route.get("metric", 0 if self._family == 4 or route.get("type") in _HERE else _LAST))
            by_prefix.setdefault((members[1] - members[0], members[0]), (members, []))[1].append(
                {**route, "metric": metric}
            )
        taken: Spans = ()
        for _size, (members, rivals) in sorted(by_prefix.items()):
            free = spans.minus(members, taken)
            taken = spans.union([taken, members])
            best = min(rival["metric"] for rival in rivals)
            chosen = [rival for rival in rivals if rival["metric"] == best]
            if free and chosen[0].get("type") != "throw":
                yield free, self._way(chosen if self._family == 6 else chosen[:1])

    def _way(self, routes: list[Mapping[str, Any]]) -> Way:
        """Several IPv6 routes to one prefix with one metric share the packets."""
        kinds = {str(route.get("type", "unicast")) for route in routes}
        if kinds <= _HERE:
            return Way("here")
        if kinds <= _REFUSED:
            return Way("refused")
        if kinds != {"unicast"}:
            raise NotUnderstood(f"routes to {routes[0]['dst']} of the kinds {sorted(kinds)}; delete those not declared")
        return Way("out", tuple(dict.fromkeys(hop for route in routes for hop in self._hops(route))))

    def _hops(self, route: Mapping[str, Any]) -> Iterator[Hop]:
        for one in route.get("nexthops", (route,)):
            flags = set(one.get("flags", ())) - _HARMLESS_FLAGS
            if "dev" not in one or "via" in one or "encap" in one or flags - {"dead"}:
                raise NotUnderstood(f"route {dict(route)}: its next hop has no meaning here; delete the route")
            if "dead" not in flags:
                yield Hop(str(one["dev"]), int(ip_address(one["gateway"])) if "gateway" in one else None)

    def _prefix(self, written: str) -> Spans:
        if written == "default":
            return self._every
        network = ip_network(written)
        first = int(network.network_address)
        return (first, first + network.num_addresses)


def _known(content: Mapping[str, Any], known: set[str], what: str) -> None:
    strange = sorted(set(content) - known)
    if strange:
        raise NotUnderstood(f"{what} {dict(content)}: {', '.join(strange)} has no meaning here; delete the {what}")
