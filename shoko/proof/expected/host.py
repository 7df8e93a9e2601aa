"""What one host must let through on each path, and nothing else: permissions and links, as boxes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shoko.declaration.model import Declaration, Leg
from shoko.proof.boxes import Box, merged, product, without
from shoko.proof.errors import ProofError
from shoko.proof.expected import links
from shoko.proof.expected.networks import from_line, lines, of_network, prefix
from shoko.proof.expected.permissions import WINDOW, Permission
from shoko.proof.expected.sides import own
from shoko.proof.expected.translation import tunnel
from shoko.proof.fields import ESTABLISHED, NEW, RELATED, TRACKED
from shoko.proof.interfaces import Interfaces
from shoko.proof.paths import Path, packets
from shoko.proof.spans import Spans, between, of, single, union

_TCP, _UDP, _IGMP, _ICMP = 6, 17, 2, (1, 58)
_ORDINARY: Spans = between(0, WINDOW - 1)  # marks of sessions that no window governs
_SYN: Spans = of(flags for flags in range(256) if flags & 0b10111 == 0b10)  # of fin, syn, rst, ack only syn
_ORIGINAL, _REPLY = single(0), single(1)
# Numbers of system users, docs/policy.md point 11.
USERS = {"ils-public": 58001, "ils-staff": 58002, "ils-owner": 58003}

# Sessions go on, and ICMP errors about them come back.
_GOING_ON: tuple[Box, ...] = (
    {"state": single(ESTABLISHED), "mark": _ORDINARY},
    {"state": single(RELATED), "mark": _ORDINARY, "proto": of(_ICMP)},
)


@dataclass(frozen=True)
class Permitted:
    """Packets that pass. Those that open a session of a flow get its `mark`; `flow` is "" for links and answers."""

    box: Box
    flow: str = ""
    mark: int | None = None


class HostExpectation:
    """The expected sets of one host. Interfaces that `names` does not know raise KeyError."""

    def __init__(self, declaration: Declaration, permissions: list[Permission], host: str, names: Interfaces) -> None:
        self._declaration = declaration
        self._host = declaration.hosts[host]
        self._names = names
        self._gateway = host in declaration.gateways.hosts
        self._permissions = [one for one in permissions if self._concerns(one)]
        self._loopback = single(names.number("lo"))
        # Packets that the host sends with another source than it gave them at first.
        self.rewritten = tunnel(declaration, permissions, host, names)

    def _concerns(self, one: Permission) -> bool:
        """Tell whether a permission crosses this host, begins or ends on it."""
        mine = self._host.name
        return (self._gateway and one.routed) or any(
            leg.host == mine for leg in (*one.source.legs, *one.destination.legs)
        )

    def permitted(self, path: Path) -> list[Permitted]:
        """Return what must pass while no window is open, and nothing else may."""
        if path == "forward" and not self._gateway:
            return []
        found = [Permitted(box) for box in product(packets(path), self._links(path))]
        guard = self._guard(path)
        found += [Permitted(box) for box in product(guard, _GOING_ON)]
        openings: dict[tuple[str, int], list[Box]] = {}
        for one in self._permissions:
            if not one.windowed:
                openings.setdefault((one.flow, one.mark), []).extend(self._openings(path, one))
        for (flow, mark), boxes in openings.items():
            found += [Permitted(box, flow, mark) for box in self._opened(path, guard, merged(boxes))]
        return found

    def while_open(self, path: Path) -> list[Permitted]:
        """Return what may pass besides, if all windows are open."""
        guard = self._guard(path)
        found: list[Permitted] = []
        for one in self._permissions:
            if one.windowed:
                first = [{**box, "direction": _ORIGINAL} for box in self._openings(path, one)]
                found += [Permitted(box, one.flow, one.mark) for box in self._opened(path, guard, first)]
                # The session carries its mark already; nothing marks it again.
                found += [Permitted(box, one.flow) for box in product(guard, _windowed_session(one))]
        return found

    def sources(self) -> list[Box]:
        """Return the sources that may come in, by interface."""
        found: list[Box] = [{"iif": self._loopback}]
        for family in (4, 6):
            if self._gateway:
                found += [self._from(*one, family) for one in self._networks(family)]
            else:
                found += [self._from(leg.interface, self._far_and_near(leg, family), family) for leg in self._host.legs]
        return [box for box in found if box.get("saddr") != ()]

    def _from(self, interface: str, members: Spans, family: int) -> Box:
        return {"iif": single(self._names.number(interface)), "family": single(family), "saddr": members}

    def _networks(self, family: int) -> Iterator[tuple[str, Spans]]:
        """A gateway knows the network at each of its interfaces."""
        for segment in self._declaration.segments.values():
            if segment in lines(self._declaration):
                yield segment.interface, from_line(self._declaration, segment, family)
            elif not segment.own_uplink:
                yield segment.interface, prefix(segment, family)
        if family == 4:
            yield self._declaration.gateways.sync.interface, of_network(self._declaration.gateways.sync.ipv4)

    def _far_and_near(self, leg: Leg, family: int) -> Spans:
        """A host knows the segment of each leg, and the far ends of the leg's flows."""
        mine = [one for one in self._permissions if one.family == family]
        far = [one.destination.addresses[family] for one in mine if leg in one.source.legs]
        far += [one.source.addresses[family] for one in mine if leg in one.destination.legs]
        return union([prefix(self._declaration.segments[leg.segment], family), *far])

    def _links(self, path: Path) -> Iterator[Box]:
        if path == "forward":
            return
        outgoing = path == "output"
        yield {"oif" if outgoing else "iif": self._loopback}
        sources = [{}] if outgoing else [*self.sources(), links.UNCONFIGURED]
        yield from product(sources, links.NEIGHBOURS)
        yield from product([{}] if outgoing else sources, links.vrrp(self._declaration, self._host, self._names, path))
        yield from links.sync(self._declaration, self._host, self._names, path)

    def _guard(self, path: Path) -> list[Box]:
        """What every packet of a session has to fulfil, besides belonging to one."""
        if path == "output":
            igmp = {"family": single(4), "proto": single(_IGMP)}
            return [piece for box in packets(path) for piece in without(box, [igmp])]
        # What replicates the sessions is no session itself, wherever on this host it is addressed to.
        cable = links.sync(self._declaration, self._host, self._names, "input")
        untracked = [{name: members for name, members in box.items() if name != "daddr"} for box in cable]
        honest = self.sources()
        if path == "input":
            beyond = [box for box in honest if box["iif"] != self._loopback]
            honest = list(product(beyond, links.answered(self._declaration, self._host, self._names)))
        return [piece for box in product(packets(path), honest) for piece in without(box, untracked)]

    def _openings(self, path: Path, one: Permission) -> Iterator[Box]:
        """The first packets of a permission on this host, wherever one of its legs or segments takes part."""
        source, destination, family = one.source, one.destination, one.family
        box: Box = {
            "family": single(family),
            "saddr": source.addresses[family],
            "daddr": destination.addresses[family],
            "proto": single(one.proto),
            "headed": single(1),
            "dport": single(one.port),
            "state": single(NEW),
            "mark": _ORDINARY,
        }
        if one.proto == _TCP:
            box["flags"] = _SYN
        if path == "forward":
            if self._gateway and one.routed:
                ends = {"iif": source.segment, "oif": destination.segment}
                yield {**box, **{end: self._facing(segment) for end, segment in ends.items()}}
        elif path == "input":
            for leg in destination.legs:
                if leg.host == self._host.name and destination.of_leg(leg, family):
                    yield {**box, "iif": self._number(leg), "daddr": destination.of_leg(leg, family)}
        else:
            for leg in source.legs:
                if leg.host == self._host.name and own(leg, family):
                    yield {**box, "oif": self._number(leg), "saddr": own(leg, family), **_by_users(one)}

    def _opened(self, path: Path, guard: list[Box], boxes: Iterable[Box]) -> Iterator[Box]:
        rewritten = [one for one, _address in self.rewritten] if path == "output" else []
        for box in product(guard, boxes):
            yield from without(box, rewritten)

    def _number(self, leg: Leg) -> Spans:
        return single(self._names.number(leg.interface))

    def _facing(self, segment: str) -> Spans:
        return single(self._names.number(self._declaration.segments[segment].interface))


def _by_users(one: Permission) -> Box:
    unknown = set(one.users) - set(USERS)
    if unknown:
        raise ProofError(
            f"flows.{one.flow}: the number of user {', '.join(sorted(unknown))} is not known to the prover"
        )
    return {"user": of(USERS[user] for user in one.users)} if one.users else {}


def _windowed_session(one: Permission) -> list[Box]:
    """Packets of a windowed session that is open already, in both directions; told by mark, ends and port."""
    ends = one.source.addresses[one.family], one.destination.addresses[one.family]
    common: Box = {
        "family": single(one.family),
        "state": TRACKED,
        "mark": single(one.mark),
        "proto": of((_TCP, _UDP)),
        "headed": single(1),
    }
    there = {"direction": _ORIGINAL, "saddr": ends[0], "daddr": ends[1], "dport": single(one.port)}
    back = {"direction": _REPLY, "saddr": ends[1], "daddr": ends[0], "sport": single(one.port)}
    return [{**common, **there}, {**common, **back}]
