"""Finds the boxes that may overlap a box, without looking at all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shoko.proof.boxes import Box

# By these fields the boxes of real rulesets differ; a box takes part in a level only where it has a single value.
LEVELS = ("oif", "iif", "family", "proto", "dport", "daddr")


class Index:
    """A growing collection of boxes: a tree by the single values of `LEVELS`, where None is "several values"."""

    def __init__(self, boxes: Iterable[Box] = ()) -> None:
        self._root: dict[int | None, Any] = {}
        self.add(boxes)

    def add(self, boxes: Iterable[Box]) -> None:
        """Take in more boxes; they may overlap."""
        for box in boxes:
            node = self._root
            *before, last = _place(box)
            for value in before:
                node = node.setdefault(value, {})
            node.setdefault(last, []).append(box)

    def near(self, box: Box) -> list[Box]:
        """Return every box that overlaps the given one, and some that do not."""
        nodes: list[Any] = [self._root]
        for value in _place(box):
            if value is None:
                nodes = [node for one in nodes for node in one.values()]
            else:
                nodes = [one[key] for one in nodes for key in (value, None) if key in one]
        return [found for leaf in nodes for found in leaf]


def _place(box: Box) -> list[int | None]:
    """The way to a box through the tree."""
    return [
        members[0] if (members := box.get(field)) and len(members) == 2 and members[1] - members[0] == 1 else None
        for field in LEVELS
    ]
