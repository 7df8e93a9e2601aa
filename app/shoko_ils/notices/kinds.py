"""What each kind of notice says, and what its delivery means: the module of its matter registers it."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from shoko_ils.notices.models import Notice


@dataclass(frozen=True)
class Kind:
    """`subject` is fixed and names no title. `body` is made at the sending, None when the matter has ended.

    `delivered` runs in the transaction that notes the delivery, with the number of the matter and the day.
    """

    subject: Callable[[], str]
    body: Callable[[Notice], str | None]
    delivered: Callable[[int, dt.date], None]


_kinds: dict[str, Kind] = {}


def register(name: str, kind: Kind) -> None:
    _kinds[name] = kind


def of(notice: Notice) -> Kind:
    """The kind of a notice; KeyError for one that no module registers."""
    return _kinds[notice.kind]
