"""What each kind of notice says, and what its delivery means: the module of its matter registers it."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from shoko_ils.notices.models import Notice


@dataclass(frozen=True)
class Kind:
    """`subject` is fixed and names no title. `body` is made at the sending, None when the matter has ended.

    `delivered` runs in the transaction that notes the delivery, with the number of the matter and the day.
    `lapsed` is for a matter that has no end of its own: it runs, with its number, when a notice that could not be
    delivered has waited for a person long enough (housekeeping.FAILED_KEPT).
    """

    subject: Callable[[], str]
    body: Callable[[Notice], str | None]
    delivered: Callable[[int, dt.date], None]
    lapsed: Callable[[int], None] | None = None


_kinds: dict[str, Kind] = {}


def register(name: str, kind: Kind) -> None:
    _kinds[name] = kind


def without_end() -> dict[str, Callable[[int], None]]:
    """The kinds whose matter has no end of its own, and what is done when a notice has lapsed."""
    return {name: kind.lapsed for name, kind in _kinds.items() if kind.lapsed is not None}


def nothing(about: int) -> None:
    """Of a lapsed notice whose matter needs nothing done."""


def of(notice: Notice) -> Kind:
    """The kind of a notice; KeyError for one that no module registers."""
    return _kinds[notice.kind]
