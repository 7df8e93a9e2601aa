"""The desk behind My Library: does what citizens ordered, with the services of each module and the rights of staff.

Each order is done for its own patron: `orders` and row-level security say whose it is, and every hold, loan and
request is looked up among that patron's. The services are repeatable by the key of the form.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Collection
from contextlib import closing
from typing import Any

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.utils import timezone

from shoko_ils.audit.record import Actor
from shoko_ils.circulation.models import Loan
from shoko_ils.circulation.services import renew
from shoko_ils.circulation.services.renewing import why_not
from shoko_ils.core import db
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holds import queue
from shoko_ils.holds.models import Hold, State
from shoko_ils.holds.services import changing, ending, placing, requests
from shoko_ils.holds.target import Target
from shoko_ils.mylibrary import codes
from shoko_ils.mylibrary.models import MemberOrder
from shoko_ils.patrons.models import Patron
from shoko_ils.patrons.services import contact
from shoko_ils.patrons.services.write import Refused
from shoko_ils.reference import services as reference

log = logging.getLogger(__name__)
# who asked has stopped waiting: it is not done behind his back, and an answer that nobody fetched goes
LAPSES = dt.timedelta(seconds=30)
# a code is not waited for on the page: a disturbance of the desk only delays it
CODE_LAPSES = dt.timedelta(hours=1)
LOGIN_ID = "my-library"
# any constant: makes the advisory locks of this module its own
LOCKS = 0x4445_534B

Asked = dict[str, Any]
Answer = dict[str, Any]


def actor(patron: Patron) -> Actor:
    return Actor(LOGIN_ID, patron.library.key)


def view(patron: Patron, asked: Asked) -> Answer:
    """What needs the rows of others: true rank of each waiting hold, why it is passed over, and why a loan cannot be
    renewed."""
    today = timezone.localdate()
    holds = Hold.objects.filter(patron=patron, state=State.QUEUED)
    loans = Loan.objects.filter(patron=patron, returned_on__isnull=True).select_related("rule", "library", "item")
    judged = {str(hold.pk): queue.judged(hold, today) for hold in holds}
    return {
        "ranks": {number: rank for number, (rank, _) in judged.items()},
        "passed_over": {number: skip.value for number, (_, skip) in judged.items() if skip},
        "renewal": {str(loan.pk): (why_not(patron, loan, today) or "") for loan in loans},
    }


def place(patron: Patron, asked: Asked) -> Answer:
    pickup = _place(asked["pickup"])
    if pickup is None:
        return {"outcome": placing.Placing.PICKUP_NOT_OFFERED}
    until = asked.get("not_needed_after")
    wish = placing.Wish(
        tuple(target for text in asked["targets"] if (target := Target.read(text))),
        pickup,
        Hold.Group(asked["group_kind"]),
        dt.date.fromisoformat(until) if until else None,
        asked.get("contact", ""),
    )
    placed = placing.place(actor(patron), patron.pk, wish, uuid.UUID(asked["key"]))
    today = timezone.localdate()
    return {
        "outcome": placed.outcome,
        "target": str(placed.target) if placed.target else None,
        "ranks": {str(Target.of(hold)): queue.rank(hold, today) for hold in placed.holds if hold.state == State.QUEUED},
    }


def _place(key: str) -> Library | ServicePoint | None:
    return Library.objects.filter(key=key).first() or ServicePoint.objects.filter(key=key).first()


def _hold(patron: Patron, asked: Asked) -> int | None:
    """Number of one of the patron's own holds."""
    return Hold.objects.filter(pk=asked["hold"], patron=patron).values_list("pk", flat=True).first()


def change_hold(patron: Patron, asked: Asked) -> Answer:
    """`act`: cancel, suspend (first, until), resume, pickup (place), contact (way)."""
    number = _hold(patron, asked)
    if number is None:
        return {"done": False}
    me = actor(patron)
    match asked["act"]:
        case "cancel":
            done = ending.cancel(me, number)
        case "suspend":
            first, until = (dt.date.fromisoformat(asked[name]) for name in ("first", "until"))
            done = changing.suspend(me, number, first, until)
        case "resume":
            done = changing.resume(me, number)
        case "pickup":
            pickup = _place(asked["pickup"])
            done = pickup is not None and changing.change_pickup(me, number, pickup)
        case "contact":
            done = changing.change_contact(me, number, asked["contact"])
        case _:
            done = False
    return {"done": done}


def renew_loan(patron: Patron, asked: Asked) -> Answer:
    loan = (
        Loan.objects.filter(pk=asked["loan"], patron=patron, returned_on__isnull=True)
        .select_related("item", "library")
        .first()
    )
    if loan is None:
        return {"outcome": ""}
    key = uuid.uuid5(uuid.UUID(asked["key"]), str(loan.pk))
    result = renew(actor(patron), patron.pk, loan.item.barcode, loan.library, key)
    return {"outcome": result.outcome, "due_on": result.due_on.isoformat() if result.due_on else None}


def request_title(patron: Patron, asked: Asked) -> Answer:
    library = Library.objects.filter(key=asked["pickup"]).first() or patron.library
    title = requests.Title(asked["title"], asked["author"], asked["publisher"], asked["isbn"])
    requests.ask(actor(patron), patron.pk, title, library, uuid.UUID(asked["key"]))
    return {"done": True}


def withdraw_request(patron: Patron, asked: Asked) -> Answer:
    with transaction.atomic():
        number = patron.title_requests.filter(pk=asked["request"]).values_list("pk", flat=True).first()
        if number is not None:
            requests.end(number)
    return {"done": number is not None}


def wish_contact(patron: Patron, asked: Asked) -> Answer:
    """How the patron wishes to be told; the address stays as it is."""
    return _contact(patron, asked, proved=False)


def change_address(patron: Patron, asked: Asked) -> Answer:
    """The address too: the database takes this order with the password only."""
    return _contact(patron, asked, proved=True)


def _contact(patron: Patron, asked: Asked, *, proved: bool) -> Answer:
    way, key = Patron.Contact(asked["contact"]), uuid.UUID(asked["key"])
    try:
        contact.wish_contact(actor(patron), patron.pk, way, asked["email"], key, proved=proved)
    except Refused:
        return {"done": False}
    return {"done": True}


def ask_reference(patron: Patron, asked: Asked) -> Answer:
    reference.ask_by_web(patron, asked["questioner"], asked["question"], uuid.UUID(asked["key"]))
    return {"done": True}


FOR_MEMBERS: dict[str, Callable[[Patron, Asked], Answer]] = {
    "view": view,
    "place": place,
    "hold": change_hold,
    "renew": renew_loan,
    "request": request_title,
    "request-end": withdraw_request,
    "contact": wish_contact,
    "address": change_address,
    "reference": ask_reference,
}
# what nobody needs to be signed in for; row-level security lets no other kind in
FOR_ANYBODY: dict[str, Callable[[Asked], None]] = {
    "password-code": lambda asked: codes.wanted(asked["number"], asked["way"]),
}


def work(limit: int = 200) -> int:
    """Do what waits, the oldest first; how many. Several may work at once, each order by one of them."""
    clear()
    done = 0
    elsewhere: set[uuid.UUID] = set()
    # on a connection of its own: a service that tries again closes its own, and what is locked there goes with it
    with closing(connection.copy()) as locks:
        while done < limit and (key := _next(elsewhere)) is not None:
            if _alone(key, locks):
                _do(key)
                done += 1
            else:
                elsewhere.add(key)
    return done


def clear() -> int:
    """Remove what has lapsed; how many."""
    now = timezone.now()
    with_patron = Q(patron__isnull=False, made_at__lt=now - LAPSES)
    return MemberOrder.objects.filter(with_patron | Q(made_at__lt=now - CODE_LAPSES)).delete()[0]


def _next(elsewhere: Collection[uuid.UUID]) -> uuid.UUID | None:
    waiting = MemberOrder.objects.filter(answer__isnull=True).exclude(key__in=elsewhere)
    return waiting.order_by("made_at").values_list("key", flat=True).first()


def _alone(key: uuid.UUID, locks: BaseDatabaseWrapper) -> bool:
    """Whether no other desk has this order in hand; from now on this one has, until `locks` is closed."""
    with locks.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [LOCKS, str(key)])
        return bool(cursor.fetchone()[0])


def _do(key: uuid.UUID) -> None:
    """What fails is answered so; the log has no data."""
    order = MemberOrder.objects.filter(key=key, answer__isnull=True).first()
    if order is None:
        return
    try:
        answer = _answer(order)
    except Exception as error:
        # with the database away the order waits for it; anything else concerns this order alone
        if isinstance(error, db.OutcomeUnknown) or db.is_away(error):
            raise
        log.warning("order %s refused: %s", order.kind, type(error).__name__)
        answer = {"refused": True}
    if order.patron_id is None:
        # nobody waits for an answer, and one that stayed would be done again and again
        order.delete()
    else:
        MemberOrder.objects.filter(key=key).update(answer=answer)


def _answer(order: MemberOrder) -> Answer:
    if order.patron_id is None:
        FOR_ANYBODY[order.kind](order.asked)
        return {}
    patron = Patron.objects.select_related("library").get(pk=order.patron_id)
    return FOR_MEMBERS[order.kind](patron, order.asked)
