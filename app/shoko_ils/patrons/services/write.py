"""What the services have in common."""

import datetime as dt
from collections.abc import Callable

from django.db.models import F

from shoko_ils.core import db
from shoko_ils.patrons.models import Patron


class Refused(Exception):
    """The act is not done; `code` says why, the screen has the words."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


class PatronGone(Refused):
    """The patron was erased meanwhile."""

    def __init__(self) -> None:
        super().__init__("gone")


def locked(patron_id: int) -> Patron:
    """The patron, locked as a loan locks him; raises PatronGone."""
    found = Patron.objects.select_for_update(no_key=True).filter(pk=patron_id).first()
    if found is None:
        raise PatronGone
    return found


def transact[T](operation: Callable[[], T]) -> T:
    """Run an idempotent operation until its commit is certain; the tiny write confirms the commits before it."""

    def confirm() -> None:
        Patron.objects.filter(pk=Patron.objects.values("pk")[:1]).update(expires_on=F("expires_on"))

    return db.run(operation, confirm=confirm)


def years_later(day: dt.date, years: int) -> dt.date:
    """The same day `years` later (or earlier); 29 February becomes 28 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
