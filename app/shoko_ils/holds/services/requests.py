"""Requests for titles that no library of the site has (リクエスト)."""

import uuid
from dataclasses import dataclass

from django.db.models import F
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.core import db
from shoko_ils.core.models import Library
from shoko_ils.holds.models import TitleRequest
from shoko_ils.holds.services import placing
from shoko_ils.holds.target import Target
from shoko_ils.notices import services as notices

ANSWER = "request-refused"


@dataclass(frozen=True)
class Title:
    """A title as the patron knows it; only `title` is needed."""

    title: str
    author: str = ""
    publisher: str = ""
    isbn: str = ""


def ask(actor: audit.Actor, patron_id: int, title: Title, pickup: Library, key: uuid.UUID) -> TitleRequest:
    """Record a request. The same key gives the same request. ValueError without a title."""
    if not title.title.strip():
        raise ValueError("a request needs a title")

    def operation() -> TitleRequest:
        made = TitleRequest.objects.filter(key=key).first()
        if made is None:
            made = TitleRequest.objects.create(
                patron_id=patron_id, pickup_library=pickup, key=key, requested_on=timezone.localdate(),
                title=title.title.strip(), author=title.author, publisher=title.publisher, isbn=title.isbn,
            )  # fmt: skip
            audit.write(actor, "request-place", "holds")
        return made

    return db.run(operation, confirm=lambda: _touch(key))


def decide(actor: audit.Actor, number: int, decision: TitleRequest.Decision) -> bool:
    """Buy, borrow or refuse. Who is refused is told that there is an answer; then the patron leaves the request."""

    def operation() -> bool:
        request = _open(number)
        if request is None or request.decision == decision:
            return False
        request.decision, request.decided_by, request.decided_on = decision, actor.login_id, timezone.localdate()
        request.save(update_fields=["decision", "decided_by", "decided_on"])
        if decision == TitleRequest.Decision.REFUSE:
            told = notices.put(ANSWER, number, request.patron, request.pickup_library, once=str(number))
            if told is None:
                end(number)
        audit.write(actor, "request-decide", "holds")
        return True

    return db.run(operation, confirm=lambda: TitleRequest.objects.filter(pk=number).update(isbn=F("isbn")))


def to_hold(actor: audit.Actor, number: int, target: Target, key: uuid.UUID) -> placing.Placed | None:
    """The title, or an issue of it, has a record with a copy now: the request becomes a hold. None: it has ended."""
    request = TitleRequest.objects.select_related("pickup_library").filter(pk=number, ended_on__isnull=True).first()
    if request is None or request.patron_id is None:
        return None
    placed = placing.place(actor, request.patron_id, placing.Wish((target,), request.pickup_library), key)
    if placed.outcome in (placing.Placing.PLACED, placing.Placing.ALREADY_HELD):
        db.run(lambda: end(number), confirm=lambda: TitleRequest.objects.filter(pk=number).update(isbn=F("isbn")))
    return placed


def end(number: int) -> None:
    """The patron leaves the request."""
    notices.settle(ANSWER, number)
    TitleRequest.objects.filter(pk=number, ended_on__isnull=True).update(patron=None, ended_on=timezone.localdate())


def _open(number: int) -> TitleRequest | None:
    return (
        TitleRequest.objects.select_for_update(of=("self",), no_key=True)
        .select_related("patron", "pickup_library")
        .filter(pk=number, ended_on__isnull=True)
        .first()
    )


def _touch(key: uuid.UUID) -> int:
    return TitleRequest.objects.filter(key=key).update(isbn=F("isbn"))
