"""Planned exceptions of a calendar, and the emergency closing (臨時休館) that moves what falls due in it."""

import datetime as dt
import uuid

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation.models import Loan
from shoko_ils.circulation.services import closing_mail
from shoko_ils.circulation.services.closing_mail import Concerned
from shoko_ils.core import db
from shoko_ils.core.models import CalendarException, Library
from shoko_ils.holds.models import Hold
from shoko_ils.holds.services import shelf
from shoko_ils.notices import postcards


class Overlaps(Exception):
    """Another planned exception of the library has some of these days."""


def close_in_emergency(
    actor: audit.Actor,
    libraries: list[Library],
    first: dt.date,
    last: dt.date,
    *,
    reason: CalendarException.Reason,
    key: uuid.UUID,
) -> list[CalendarException]:
    """Close `libraries` from `first` to `last` in one act; repeatable by `key`. One row for each library.

    Open loans of these libraries that fall due in the closing move to the next open day, pickup limits of their hold
    shelves by its length; each patron concerned who wishes mail gets one, and postcards of these libraries that are
    not sent yet are withdrawn to be printed anew with the new days. Other libraries keep everything as it was.
    Raises CalendarEnds, and then nothing has changed.
    """

    def operation() -> list[CalendarException]:
        done = list(CalendarException.objects.filter(act=key).select_related("library"))
        if done:
            return done
        made, concerned = [], Concerned()
        for library in libraries:
            row = CalendarException.objects.create(
                library=library,
                kind=CalendarException.Kind.EMERGENCY,
                first_on=first,
                last_on=last,
                reason=reason,
                made_by=actor.login_id,
                act=key,
            )
            loans = move_due_dates(library, first, last)
            holds = list(Hold.objects.filter(pickup_library=library, pickup_by__gte=first).values_list("pk", flat=True))
            row.moved_loans, row.moved_limits = len(loans), shelf.move_limits(library, first, last)
            row.withdrawn_cards = postcards.withdraw(library)
            row.save(update_fields=["moved_loans", "moved_limits", "withdrawn_cards"])
            concerned.loans(library, loans)
            concerned.holds(library, holds)
            made.append(row)
        concerned.tell(key)
        for library in libraries:
            audit.write(audit.Actor(actor.login_id, library.key), f"close-{reason}", "calendar")
        return made

    try:
        return db.run(operation, confirm=lambda: CalendarException.objects.filter(act=key).update(act=key))
    except IntegrityError:
        return db.run(operation, confirm=lambda: CalendarException.objects.filter(act=key).update(act=key))


def move_due_dates(library: Library, first: dt.date, last: dt.date) -> list[int]:
    """Move the due dates of the library's open loans off the closed days in a span; the numbers of the loans."""
    days = library.days(first)
    loans = Loan.objects.filter(library=library, returned_on__isnull=True, due_on__range=(first, last))
    moved: list[int] = []
    # the latest first: a date that has moved does not stand in the way of the next
    for due_on in loans.order_by("-due_on").values_list("due_on", flat=True).distinct():
        if not days.is_open(due_on):
            concerned = list(loans.filter(due_on=due_on).select_for_update(no_key=True).values_list("pk", flat=True))
            loans.filter(pk__in=concerned).update(due_on=days.next_open_day(due_on))
            moved += concerned
    return moved


def plan(
    actor: audit.Actor,
    libraries: list[Library],
    first: dt.date,
    last: dt.date,
    *,
    kind: CalendarException.Kind,
    reason: CalendarException.Reason,
) -> list[CalendarException]:
    """Enter planned days (特別整理期間, 臨時開館) of all these libraries or of none; due dates in closed days move.

    Raises Overlaps, CalendarEnds.
    """
    made = []
    try:
        with transaction.atomic():
            for library in libraries:
                row = CalendarException.objects.create(
                    library=library, kind=kind, first_on=first, last_on=last, reason=reason, made_by=actor.login_id
                )
                if kind == CalendarException.Kind.CLOSED:
                    row.moved_loans = len(move_due_dates(library, first, last))
                    row.save(update_fields=["moved_loans"])
                made.append(row)
            for library in libraries:
                audit.write(audit.Actor(actor.login_id, library.key), f"plan-{kind}", "calendar")
    except IntegrityError as error:
        raise Overlaps(f"{first} to {last}") from error
    return made


@transaction.atomic
def withdraw(actor: audit.Actor, exception_id: int) -> None:
    """Take an exception back: a plan, or an emergency closing for its library, from today on.

    Due dates and pickup limits that it moved stay: a later date harms nobody. The days of an emergency closing before
    today stay closed, and mails about it that still wait are withdrawn with its last library. Raises DoesNotExist for
    one that is over.
    """
    today = timezone.localdate()
    rows = CalendarException.objects.select_related("library").filter(Q(act__isnull=True) | Q(last_on__gte=today))
    row = rows.get(pk=exception_id)
    if row.act is not None and row.first_on < today:
        row.last_on = today - dt.timedelta(days=1)
        row.save(update_fields=["last_on"])
    else:
        row.delete()
    if row.act is not None:
        closing_mail.forget(today)
    withdrawn = "withdraw-closing" if row.act else "withdraw-plan"
    audit.write(audit.Actor(actor.login_id, row.library.key), withdrawn, "calendar")
