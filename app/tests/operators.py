"""Two colleagues at a shared counter: their staff cards, their PIN, and how one takes over."""

from typing import Any

from django.test import Client

from shoko_ils.holdings.barcode import with_check_digit

CARD, OTHER_CARD = with_check_digit("31000001"), with_check_digit("31000002")
PIN = "4827"


def take_over(client: Client, card: str, pin: str = PIN, **headers: str) -> Any:
    return client.post("/operator/", {"card": card, "pin": pin}, headers=headers)
