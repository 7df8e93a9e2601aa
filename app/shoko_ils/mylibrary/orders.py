"""The public side of an order: put it, wait for the desk, take the answer away."""

import time
import uuid
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection
from django.utils import timezone

from shoko_ils.mylibrary import passwords
from shoko_ils.mylibrary.models import MemberOrder

FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.1
pause = time.sleep


class NotAnswered(Exception):
    """The desk has not answered in time: it may still do it, or never."""


def ask(kind: str, patron_id: int, key: uuid.UUID | None = None, **asked: Any) -> dict[str, Any]:
    """Have something done for the signed-in patron and return the answer. The same key is the same order.

    Row-level security refuses an order for anybody else. Raises NotAnswered.
    """
    # of one form sent twice, only one is under way at a time; what is done twice the services know by the key
    number = uuid.uuid5(key, f"{kind} {patron_id}") if key else uuid.uuid4()
    if key:
        asked["key"] = str(key)
    # of two, the first one is being done: wait for its answer
    with suppress(IntegrityError):
        _put(number, patron_id, kind, asked)
    return _answer(number, kind)


def change_address(password: str, **asked: Any) -> dict[str, Any]:
    """Have the signed-in patron's mail address changed. The database asks for the password and refuses a kiosk.

    The answer has `refused`, `wrong` or `kiosk`, if no order was left. Raises NotAnswered.
    """
    number = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute("SELECT private.own_salt()")
        salt = cursor.fetchone()[0] or passwords.new_salt()
        field = MemberOrder._meta.get_field("asked")
        cursor.execute(
            "SELECT private.order_address(%s, %s, %s)",
            [number, field.get_db_prep_value(asked, connection), passwords.stretch(password, salt)],
        )
        (said,) = cursor.fetchone()
    return _answer(number, "address") if said == "ordered" else {"refused": said}


def _answer(number: uuid.UUID, kind: str) -> dict[str, Any]:
    deadline, wait = time.monotonic() + settings.ORDER_SECONDS, FIRST_PAUSE
    while time.monotonic() < deadline:
        pause(wait)
        wait = min(wait * 2, LONGEST_PAUSE)
        answer: dict[str, Any] | None = (
            MemberOrder.objects.filter(key=number).values_list("answer", flat=True).first() or None
        )
        if answer is not None:
            MemberOrder.objects.filter(key=number).delete()
            return answer
    raise NotAnswered(kind)


def leave(kind: str, **asked: Any) -> None:
    """Leave an order that needs no log-in and gets no answer."""
    _put(uuid.uuid4(), None, kind, asked)


def _put(key: uuid.UUID, patron_id: int | None, kind: str, asked: dict[str, Any]) -> None:
    """Plain SQL: an order without a patron cannot be read back by who wrote it, as Django would."""
    field = MemberOrder._meta.get_field("asked")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO member_order (key, patron_id, kind, asked, made_at) VALUES (%s, %s, %s, %s, %s)",
            [key, patron_id, kind, field.get_db_prep_value(asked, connection), timezone.now()],
        )
