"""Boxes: products of sets, one per field. A field that a box does not name may have any value.

A box is a plain dict and is never changed once made. No set in a box is empty: the empty set of packets is no box at
all. Lists of boxes that this module returns are disjoint if the boxes given in were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shoko.proof import spans
from shoko.proof.fields import ADDRESSES, VALUES
from shoko.proof.spans import Spans

Box = dict[str, Spans]

# Every packet: in IPv4 an address has 32 bits.
EVERYTHING: tuple[Box, ...] = tuple(
    {"family": spans.single(family), "saddr": addresses, "daddr": addresses} for family, addresses in ADDRESSES.items()
)


def meet(one: Box, other: Box) -> Box | None:
    """Return the packets that are in both boxes, None if there is none."""
    if len(other) > len(one):
        one, other = other, one
    result = one.copy()
    for field, members in other.items():
        mine = one.get(field)
        if mine is None:
            result[field] = members
        elif mine != members:
            both = spans.meet(mine, members)
            if not both:
                return None
            result[field] = both
    return result


def apart(one: Box, other: Box) -> bool:
    """Tell whether no packet is in both boxes."""
    known = one.get
    for field, members in other.items():
        mine = known(field)
        # What is asked most often is spared a call: the bounds of most fields tell already.
        if (
            mine is not None
            and mine != members
            and (
                mine[-1] <= members[0]
                or members[-1] <= mine[0]
                or ((len(mine) > 2 or len(members) > 2) and not spans.meet(mine, members))
            )
        ):
            return True
    return False


def within(one: Box, other: Box) -> bool:
    """Tell whether every packet of the first box is in the second, as far as can be seen field by field."""
    for field, members in other.items():
        mine = one.get(field)
        if mine is None or (mine != members and spans.minus(mine, members)):
            return False
    return True


def minus(one: Box, other: Box) -> list[Box]:
    """Return the packets of the first box that are not in the second, as disjoint boxes."""
    return [one] if apart(one, other) else _cut(one, other)


def _cut(one: Box, other: Box) -> list[Box]:
    """The same where it is known that they overlap."""
    rest: list[Box] = []
    inside = one
    for field, full in VALUES.items():
        members = other.get(field)
        if members is None:
            continue
        mine = inside.get(field, full)
        outside = spans.minus(mine, members)
        if outside:
            rest.append({**inside, field: outside})
            inside = {**inside, field: spans.meet(mine, members)}
    return rest


def without(one: Box, others: Iterable[Box]) -> list[Box]:
    """Return the packets of a box that are in none of the others, as disjoint boxes."""
    near: list[Box] = []
    for other in others:
        if not apart(one, other):  # else every piece of the box is apart from it as well
            if within(one, other):
                return []
            near.append(other)
    rest = [one]
    for other in near:
        rest = [piece for box in rest for piece in minus(box, other)]
        if not rest:
            break
    return rest


def merged(boxes: Iterable[Box]) -> list[Box]:
    """Return the same packets in fewer boxes: boxes that differ in one field only become one.

    Boxes need not be disjoint; the result holds exactly their union.
    """
    found = list(boxes)
    for field in ("iif", "oif", "sport", "dport", "daddr", "saddr", "state", "flags", "proto"):
        if len(found) < 2:
            break
        groups: dict[frozenset[tuple[str, Spans]], list[Box]] = {}
        for box in found:
            rest = frozenset((name, members) for name, members in box.items() if name != field)
            groups.setdefault(rest, []).append(box)
        found = [_joined(group, field) for group in groups.values()]
    return found


def _joined(group: list[Box], field: str) -> Box:
    if len(group) == 1:
        return group[0]
    if any(field not in box for box in group):
        return {name: members for name, members in group[0].items() if name != field}
    return {**group[0], field: spans.union(box[field] for box in group)}


def corner(box: Box) -> dict[str, int]:
    """Return one packet of a box: the lowest value of every field that the box names."""
    return {field: members[0] for field, members in box.items()}


def point(packet: dict[str, int]) -> Box:
    """Return the box of one packet; fields that the packet does not name stay free."""
    return {field: spans.single(value) for field, value in packet.items()}


def product(*factors: Iterable[Box]) -> Iterator[Box]:
    """Yield the packets that are in a box of every factor, as boxes."""
    if not factors:
        yield {}
        return
    rest = list(product(*factors[1:]))
    for one in factors[0]:
        for other in rest:
            both = meet(one, other)
            if both is not None:
                yield both
