"""Codes for the registration of a password. A code is made when it is sent or printed, and only its hash is kept.

What proves that a person is the holder of a card is that the code reached the mail address on file, the registered
address (a sealed postcard), or the hands of who showed a document at the counter. Number, birth date and telephone
number prove nothing: they stand on receipts and are known to others.
"""

import datetime as dt
import uuid

from django.db import connection, transaction

from shoko_ils.audit import record as audit
from shoko_ils.mylibrary import passwords
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Card, Patron

KIND = "password-code"
BY_MAIL, BY_POSTCARD, AT_COUNTER = "mail", "postcard", "counter"
VALID = {BY_MAIL: dt.timedelta(hours=1), BY_POSTCARD: dt.timedelta(days=14), AT_COUNTER: dt.timedelta(days=1)}
SENT = {BY_MAIL: Notice.Way.MAIL, BY_POSTCARD: Notice.Way.POSTCARD}


def wanted(number: str, way: str) -> None:
    """Put a notice with a code into the outbox, if the number is a valid card's and the way is open to it.

    A second mail goes after ten minutes, a second postcard after fourteen days: the database keeps the last of each.
    """
    card = Card.objects.select_related("patron__library").filter(number=number, ended_on__isnull=True).first()
    if card is None or way not in SENT:
        return
    patron = card.patron
    if (way == BY_MAIL and not patron.email) or (way == BY_POSTCARD and not patron.address):
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT password_code_due(%s, %s)", [patron.pk, way])
        if cursor.fetchone()[0]:
            once = f"{patron.pk}:{way}:{uuid.uuid4()}"
            notices.put(KIND, patron.pk, patron, patron.library, once=once, way=SENT[way])


def new_code(patron: Patron, way: str) -> str:
    """A new code in place of the former one; the caller gives it to the patron and keeps it nowhere."""
    code = passwords.new_code()
    with connection.cursor() as cursor:
        cursor.execute("SELECT password_code_put(%s, %s, %s)", [patron.pk, code, VALID[way]])
    return code


def slip(actor: audit.Actor, patron: Patron) -> str:
    """A code for a slip that the counter folds and hands to who has shown a document. The audit says to whom."""
    with transaction.atomic():
        code = new_code(patron, AT_COUNTER)
        audit.write(actor, "password-slip", "member", [patron.pseudonym])
    return code


def is_paused(number: str) -> bool:
    """Whether log-ins with this number pause: all that staff learn (「ロック中」)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT member_is_paused(%s)", [number])
        return bool(cursor.fetchone()[0])


def unpause(actor: audit.Actor, card: Card) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT member_unpause(%s)", [card.number])
        audit.write(actor, "member-unpause", "member", [card.patron.pseudonym])
