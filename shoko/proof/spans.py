"""Sets of integers as spans, the values of one field of a packet.

A set is a tuple of cuts `(a, b, c, d, …)`, strictly increasing, of even length: it holds a ≤ x < b, c ≤ x < d, and so
on. Every set of integers has exactly one such tuple, so `==` is equality of sets. The empty set is `()`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

Spans = tuple[int, ...]


def single(value: int) -> Spans:
    """Return the set of one value."""
    return (value, value + 1)


def between(low: int, high: int) -> Spans:
    """Return the values from `low` to `high`, both included."""
    return (low, high + 1) if low <= high else ()


def of(values: Iterable[int]) -> Spans:
    """Return the set of these values."""
    return union(single(value) for value in values)


def union(sets: Iterable[Spans]) -> Spans:
    """Return the values that are in any of the sets."""
    pairs = sorted((one[at], one[at + 1]) for one in sets for at in range(0, len(one), 2))
    result: list[int] = []
    for low, high in pairs:
        if result and low <= result[-1]:
            result[-1] = max(result[-1], high)
        else:
            result += (low, high)
    return tuple(result)


def meet(one: Spans, other: Spans) -> Spans:
    """Return the values that are in both sets."""
    if len(one) == 2 and len(other) == 2:  # by far the most frequent case
        low = one[0] if one[0] > other[0] else other[0]
        high = one[1] if one[1] < other[1] else other[1]
        return (low, high) if low < high else ()
    if len(one) > len(other):
        one, other = other, one
    result: Spans = ()
    for at in range(0, len(one), 2):
        first, last = _cuts(one[at], one[at + 1], other)
        result += one[at : at + 1] * (first & 1) + other[first:last] + one[at + 1 : at + 2] * (last & 1)
    return result


def minus(one: Spans, other: Spans) -> Spans:
    """Return the values of the first set that are not in the second."""
    if len(one) == 2 and len(other) == 2:  # by far the most frequent case
        low, high = one
        first, last = other
        if last <= low or high <= first:
            return one
        if first <= low:
            return (last, high) if last < high else ()
        return (low, first, last, high) if last < high else (low, first)
    result: Spans = ()
    for at in range(0, len(one), 2):
        first, last = _cuts(one[at], one[at + 1], other)
        result += one[at : at + 1] * (~first & 1) + other[first:last] + one[at + 1 : at + 2] * (~last & 1)
    return result


def _cuts(low: int, high: int, members: Spans) -> tuple[int, int]:
    """Which cuts of a set lie strictly between two values, as the range of their places.

    An odd place says that the set holds the values on that side of the cut: `low`, and `high` - 1.
    """
    return bisect_right(members, low), bisect_left(members, high)


def holds(members: Spans, value: int) -> bool:
    """Tell whether a value is in the set."""
    return bisect_right(members, value) & 1 == 1


def size(members: Spans) -> int:
    """Return how many values a set has."""
    return sum(members[at + 1] - members[at] for at in range(0, len(members), 2))
