"""What two lists of prefixes have in common."""

from __future__ import annotations

from collections.abc import Sequence

from shoko.declaration.model import Network
from shoko.policy.prefixes import collapse


def meet(some: Sequence[Network], others: Sequence[Network]) -> tuple[Network, ...]:
    """Return the prefixes that cover what both lists cover; prefixes nest or are disjoint."""
    return collapse(
        one if one.prefixlen >= other.prefixlen else other
        for one in some
        for other in others
        if one.version == other.version and one.overlaps(other)
    )


def within(some: Sequence[Network], others: Sequence[Network]) -> bool:
    """True if the second list covers all that the first does, and that is anything."""
    return bool(some) and meet(some, others) == collapse(some)
