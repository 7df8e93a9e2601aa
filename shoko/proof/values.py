"""The right side of a match: values as `nft -j` writes them, turned into boxes by the key they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from shoko.proof import spans
from shoko.proof.boxes import Box, meet, merged, without
from shoko.proof.fields import VALUES
from shoko.proof.index import Index
from shoko.proof.interfaces import Interfaces
from shoko.proof.keys import Json, Key, NotUnderstood, flags, key
from shoko.proof.spans import Spans

_COMPARED: dict[str, Callable[[int, int], Spans]] = {
    "<": lambda value, width: spans.between(0, value - 1),
    ">": lambda value, width: spans.between(value + 1, (1 << width) - 1),
    "<=": lambda value, width: spans.between(0, value),
    ">=": lambda value, width: spans.between(value, (1 << width) - 1),
}


@dataclass(frozen=True)
class Reader:
    """Reads matches of one table. `sets` holds its named sets' and maps' elements.

    `unsure` says of some of them why nothing can be concluded from their elements.
    """

    interfaces: Interfaces
    sets: Mapping[str, list[Json]]
    unsure: Mapping[str, str] = field(default_factory=dict)

    def matched(self, match: Mapping[str, Json]) -> list[Box]:
        """Return the packets that a match statement lets through, as disjoint boxes. Raises NotUnderstood."""
        if set(match) != {"op", "left", "right"}:
            raise NotUnderstood(f"match {dict(match)}")
        keys = self.keys(match["left"])
        op, right = match["op"], match["right"]
        needs = self._needs(keys)
        if needs is None:
            return []
        if op in ("==", "!="):
            equal = self._any_of(keys, needs, self._members(right))
        elif op in ("in", "!") and len(keys) == 1:
            equal = self._bits(keys[0], needs, right)
        elif op in _COMPARED and len(keys) == 1 and isinstance(right, int):
            raw = _COMPARED[str(op)](right, keys[0].width)
            return self._boxes([keys[0]], needs, [keys[0].lift(raw)])
        else:
            raise NotUnderstood(f"operator {op} with {right}")
        return equal if op in ("==", "in") else without(needs, equal)

    def keys(self, left: Json) -> list[Key]:
        """Return the keys of a left side: one, or those of a concatenation."""
        if isinstance(left, dict) and set(left) == {"concat"} and isinstance(left["concat"], list):
            return [key(part) for part in left["concat"]]
        return [key(left)]

    def cases(self, left: Json, data: Json) -> list[tuple[list[Box], Json]]:
        """Return the packets of each element of a verdict map, and what the element says. Raises NotUnderstood."""
        keys = self.keys(left)
        needs = self._needs(keys)
        found: list[tuple[list[Box], Json]] = []
        seen = Index()
        for element in self._members(data):
            if not isinstance(element, list) or len(element) != 2:
                raise NotUnderstood(f"map element {element}")
            boxes = self._any_of(keys, needs, [element[0]]) if needs is not None else []
            if any(meet(one, other) for one in boxes for other in seen.near(one)):
                raise NotUnderstood(f"map element {element[0]} overlaps another")
            seen.add(boxes)
            found.append((boxes, element[1]))
        return found

    def _needs(self, keys: Iterable[Key]) -> Box | None:
        """What all keys together ask of a packet; None if no packet fulfils that."""
        whole: Box | None = {}
        for one in keys:
            whole = None if whole is None else meet(whole, one.needs)
            if whole is not None and one.full != VALUES[one.target]:
                whole = meet(whole, {one.target: one.full})
        return whole

    def _members(self, right: Json) -> list[Json]:
        if isinstance(right, str) and right.startswith("@"):
            if right[1:] not in self.sets:
                raise NotUnderstood(f"set {right} does not exist in this table")
            if right[1:] in self.unsure:
                raise NotUnderstood(f"set {right} {self.unsure[right[1:]]}")
            return self.sets[right[1:]]
        if isinstance(right, dict) and set(right) == {"set"}:
            return list(right["set"]) if isinstance(right["set"], list) else [right["set"]]
        return [right]

    def _any_of(self, keys: list[Key], needs: Box, members: Iterable[Json]) -> list[Box]:
        boxes: list[Box] = []
        if len(keys) == 1:  # one look-up in one set, however many elements
            together = spans.union(self._values(keys[0], member) for member in members)
            return self._boxes(keys, needs, [keys[0].lift(together)])
        for member in members:
            parts = member["concat"] if isinstance(member, dict) and set(member) == {"concat"} else None
            if not isinstance(parts, list) or len(parts) != len(keys):
                raise NotUnderstood(f"element {member}")
            boxes += self._boxes(
                keys, needs, [k.lift(self._values(k, part)) for k, part in zip(keys, parts, strict=True)]
            )
        return _disjoint(merged(boxes))

    @staticmethod
    def _boxes(keys: list[Key], needs: Box, values: list[Spans]) -> list[Box]:
        box: Box | None = needs
        for one, members in zip(keys, values, strict=True):
            box = meet(box, {one.target: members}) if box is not None and members else None
        return [] if box is None else [box]

    def _bits(self, one: Key, needs: Box, right: Json) -> list[Box]:
        """`ct state established,related`: any of these bits is set."""
        wanted = flags(right)
        if one.width > 8 or not all(isinstance(word, str) and word in one.words for word in wanted):
            raise NotUnderstood(f"bits {right}")
        mask = sum({one.words[str(word)] for word in wanted})
        raw = spans.of(value for value in range(1 << one.width) if value & mask)
        return self._boxes([one], needs, [one.lift(raw)])

    def _values(self, one: Key, value: Json) -> Spans:
        """The values, as the ruleset counts them, that one element stands for."""
        if isinstance(value, dict) and len(value) == 1:
            ((word, content),) = value.items()
            if word == "prefix" and isinstance(content, dict):
                if content["len"] not in range(one.width + 1):
                    raise NotUnderstood(f"prefix {content}")
                size = 1 << (one.width - content["len"])
                low = self._number(one, content["addr"]) & -size
                return spans.between(low, low + size - 1)
            if word == "range" and isinstance(content, list) and len(content) == 2:
                return spans.between(self._number(one, content[0]), self._number(one, content[1]))
        if one.kind == "interface":
            return self._interface(value)
        if one.words and len(flags(value)) > 1:  # flags that are all set, and no others
            return spans.single(sum({self._number(one, word) for word in flags(value)}))
        return spans.single(self._number(one, value))

    def _interface(self, value: Json) -> Spans:
        if not isinstance(value, str) or not value or "\\" in value or "*" in value[:-1]:
            raise NotUnderstood(f"interface {value}")
        return self.interfaces.matching(value)

    @staticmethod
    def _number(one: Key, value: Any) -> int:
        if isinstance(value, bool):
            raise NotUnderstood(f"value {value}")
        if isinstance(value, int) and 0 <= value < 1 << one.width:
            return value
        if isinstance(value, str) and value in one.words:
            return one.words[value]
        if isinstance(value, str) and one.kind == "address":
            try:
                return int(IPv4Address(value) if one.width == 32 else IPv6Address(value))
            except ValueError:
                pass
        raise NotUnderstood(f"value {value}")


def _disjoint(boxes: list[Box]) -> list[Box]:
    """Elements of a set with ranges may overlap after they were merged; cut so that they do not."""
    result: list[Box] = []
    for box in boxes:
        result += without(box, [other for other in result if meet(box, other)])
    return result
