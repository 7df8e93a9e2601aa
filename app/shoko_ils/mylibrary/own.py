"""What a citizen changes in the schema `private` from a page of the WebOPAC: row security lets nobody else's be met."""

from django.db import connection
from django.utils import timezone

from shoko_ils.holds.target import Target
from shoko_ils.mylibrary import passwords
from shoko_ils.vault.models import EndedHold, Favourite, HistoryWish, ReadingNote


def keep(patron_id: int, record_id: int) -> None:
    """Keep a record as a favourite; harmless when repeated."""
    Favourite.objects.get_or_create(
        patron_id=patron_id, record_id=record_id, defaults={"kept_on": timezone.localdate()}
    )


def drop(record_id: int) -> None:
    """Keep it no longer."""
    Favourite.objects.filter(record=record_id).delete()


def read_ended(read: Target) -> None:
    """The patron has read that the hold on it ended: the entry goes."""
    EndedHold.objects.filter(record=read.record, issue=read.issue).delete()


def wish_history(patron_id: int) -> None:
    """From now on loans leave a reading history."""
    HistoryWish.objects.get_or_create(patron_id=patron_id, defaults={"since": timezone.localdate()})


def withdraw_history() -> None:
    """No reading history any more, and what there is goes."""
    HistoryWish.objects.all().delete()
    ReadingNote.objects.all().delete()


def register_password(card: str, code: str, password: str, asked_from: str) -> bool:
    """Set the password of a card's owner, who has the code of a mail, a postcard or a slip; False: not the code.

    `asked_from` is the address whose failures are counted.
    """
    salt = passwords.new_salt()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT private.register_password(%s, %s, %s, %s, %s)",
            [card, code, salt, passwords.verifier(password, salt), asked_from],
        )
        return bool(cursor.fetchone()[0])
