"""What a librarian does at the counter's screens: lend, send a form, and what is prepared behind the service."""

import datetime as dt
from typing import Any

from django.test import Client
from django.utils import timezone

from shoko_ils.circulation.models import Loan
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Card
from tests.conftest import act_as
from tests.test_staff import Counter, hidden


def as_owner(act: Any) -> Any:
    """What is prepared behind the service's back."""
    act_as("ils_owner", "ils")
    result = act()
    act_as("ils_staff", "ils")
    return result


def lend(staff: Client, card: Card, item: Item) -> Counter:
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    assert "貸し出しました" in counter.scan(item.barcode)
    return counter


def send(counter: Counter, path: str, **more: str) -> str:
    """Send a form of the result area of a page."""
    sent = {"key": hidden(counter.html, "key"), "sitting": hidden(counter.html, "sitting"), **more}
    answer = counter.client.post(path, sent)
    assert answer.status_code == 200, answer.status_code
    counter.html = answer.content.decode()
    return counter.html


def make_late(item: Item, days: int) -> None:
    due = timezone.localdate() - dt.timedelta(days=days)
    loans = Loan.objects.filter(item=item, returned_on__isnull=True)
    as_owner(lambda: loans.update(due_on=due, lent_on=due - dt.timedelta(days=14)))
