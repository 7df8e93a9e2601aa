"""Two colleagues at a shared counter: their staff cards, their PIN, how one takes over, and who stands by."""

from typing import Any

from django.test import Client

from shoko_ils.core.models import Library
from shoko_ils.holdings.barcode import with_check_digit
from shoko_ils.staff.models import StaffAccount
from shoko_ils.staff.operator import BACKEND

CARD, OTHER_CARD = with_check_digit("31000001"), with_check_digit("31000002")
PIN = "4827"


def take_over(client: Client, card: str, pin: str = PIN, **headers: str) -> Any:
    return client.post("/operator/", {"card": card, "pin": pin}, headers=headers)


def stand_by(login_id: str, library: Library) -> None:
    """This person, if there is one, is logged in at another counter of the library, as the supervisor of a trainee."""
    account = StaffAccount.objects.filter(login_id=login_id).first()
    if account is not None:
        client = Client()
        client.force_login(account, BACKEND)
        session = client.session
        session["library"] = library.pk
        session.save()
