"""Lending and taking back: the rules, the erasure, the repeated scan."""

import datetime as dt
import uuid

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.audit.record import Actor
from shoko_ils.circulation import rules
from shoko_ils.circulation.models import Loan, LoanRule, ScanReceipt
from shoko_ils.circulation.services import Outcome, lend, scan_key, take_back
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Patron
from tests.conftest import WITHDRAWN
from tests.holding import new
from tests.privacy import tables_that_pair

pytestmark = pytest.mark.django_db


def test_a_loan_is_made_with_rule_and_due_date(actor: Actor, patron: Patron, item: Item, central: Library) -> None:
    result = lend(actor, patron.pk, item.barcode, central, new())
    loan = Loan.objects.get(item=item, returned_on__isnull=True)
    assert result.outcome is Outcome.LENT
    assert loan.patron == patron
    assert loan.rule == rules.choose(patron.category_id, item.material_class_id, central.pk)
    assert result.due_on == loan.due_on >= timezone.localdate() + dt.timedelta(days=14)


def test_returning_erases_the_borrower_everywhere(actor: Actor, patron: Patron, item: Item, central: Library) -> None:
    lend(actor, patron.pk, item.barcode, central, new())
    loan = Loan.objects.get(item=item, returned_on__isnull=True)
    take_back(actor, item.barcode, central, new())
    loan.refresh_from_db()
    assert (loan.patron_id, loan.lent_at, loan.returned_on) == (None, None, timezone.localdate())
    assert not tables_that_pair(patron, item)


def test_the_search_for_pairs_sees_an_open_loan(actor: Actor, patron: Patron, item: Item, central: Library) -> None:
    lend(actor, patron.pk, item.barcode, central, new())
    assert tables_that_pair(patron, item) == ["ils.loan"]


def test_the_audit_of_a_loan_names_neither_patron_nor_item(
    actor: Actor, patron: Patron, item: Item, central: Library
) -> None:
    lend(actor, patron.pk, item.barcode, central, new())
    take_back(actor, item.barcode, central, new())
    events = Event.objects.filter(action__in=["lend", "take-back"])
    assert [(event.actor, event.library, event.subject) for event in events] == [("demo", "central", None)] * 2


def test_a_repeated_scan_gives_the_same_answer_and_one_loan(
    actor: Actor, patron: Patron, item: Item, central: Library, key: uuid.UUID
) -> None:
    first = lend(actor, patron.pk, item.barcode, central, key)
    again = lend(actor, patron.pk, item.barcode, central, key)
    assert (first.outcome, first.due_on) == (again.outcome, again.due_on) == (Outcome.LENT, first.due_on)
    assert Loan.objects.filter(item=item, returned_on__isnull=True).count() == 1
    assert Event.objects.filter(action="lend").count() == 1


def test_a_repeated_return_does_not_end_the_next_loan(
    actor: Actor, patron: Patron, other_patron: Patron, item: Item, central: Library, key: uuid.UUID
) -> None:
    lend(actor, patron.pk, item.barcode, central, new())
    take_back(actor, item.barcode, central, key)
    lend(actor, other_patron.pk, item.barcode, central, new())
    assert take_back(actor, item.barcode, central, key).outcome is Outcome.SHELVE
    assert Loan.objects.get(item=item, returned_on__isnull=True).patron == other_patron


def test_keys_differ_by_act_and_number(key: uuid.UUID) -> None:
    made = {scan_key(key, act, number) for act in ("lend", "take-back") for number in ("1", "2")}
    assert len(made) == 4
    assert scan_key(key, "lend", "1") in made


def test_scan_receipts_hold_no_patron() -> None:
    assert not [field.name for field in ScanReceipt._meta.get_fields() if "patron" in field.name]


def test_stops(actor: Actor, patron: Patron, other_patron: Patron, item: Item, central: Library) -> None:
    expired = Patron.objects.filter(expires_on__lt=timezone.localdate())[0]
    reading_room = Item.objects.filter(library_use_only=True, loans__isnull=True)[0]
    processing = Item.objects.filter(library_use_only=False, loans__isnull=True).exclude(pk=item.pk)[0]
    Item.objects.filter(pk=processing.pk).update(condition=Item.Condition.PROCESSING)
    assert lend(actor, expired.pk, item.barcode, central, new()).outcome is Outcome.PATRON_EXPIRED
    assert lend(actor, patron.pk, "0000000000", central, new()).outcome is Outcome.UNKNOWN_ITEM
    assert lend(actor, patron.pk, reading_room.barcode, central, new()).outcome is Outcome.LIBRARY_USE_ONLY
    assert lend(actor, patron.pk, processing.barcode, central, new()).outcome is Outcome.NOT_LENDABLE
    assert lend(actor, patron.pk, item.barcode, central, new()).outcome is Outcome.LENT
    assert lend(actor, patron.pk, item.barcode, central, new()).outcome is Outcome.ALREADY_YOURS
    assert lend(actor, other_patron.pk, item.barcode, central, new()).outcome is Outcome.ON_LOAN
    assert Loan.objects.filter(patron__in=[patron, other_patron, expired]).count() == 1


@pytest.mark.parametrize(("limit", "lent"), [(0, 0), (1, 1), (2, 2), (None, 3)])
def test_limits(actor: Actor, patron: Patron, central: Library, limit: int | None, lent: int) -> None:
    """0 lends nothing, NULL knows no limit, and the boundary belongs to the patron."""
    LoanRule.objects.update(max_loans=limit)
    items = Item.objects.filter(library_use_only=False, loans__isnull=True)[:3]
    outcomes = [lend(actor, patron.pk, each.barcode, central, new()).outcome for each in items]
    assert outcomes == [Outcome.LENT] * lent + [Outcome.LIMIT_REACHED] * (3 - lent)


def test_without_a_rule_nothing_is_lent(actor: Actor, patron: Patron, item: Item, central: Library) -> None:
    LoanRule.objects.update(ended_on=timezone.localdate())
    assert lend(actor, patron.pk, item.barcode, central, new()).outcome is Outcome.NO_RULE


def test_a_return_elsewhere_sends_the_item_home(actor: Actor, patron: Patron, item: Item, central: Library) -> None:
    south = Library.objects.get(key="south")
    lend(actor, patron.pk, item.barcode, central, new())
    assert take_back(actor, item.barcode, south, new()).outcome is Outcome.SEND_HOME
    item.refresh_from_db()
    assert (item.library, item.at_library) == (central, south)
    assert take_back(actor, item.barcode, central, new()).outcome is Outcome.NOT_OUT
    item.refresh_from_db()
    assert item.at_library == central


@pytest.mark.parametrize(
    ("condition", "outcome", "afterwards"),
    [
        ("normal", Outcome.NOT_OUT, "normal"),
        ("missing", Outcome.FOUND_MISSING, "normal"),
        ("lost", Outcome.COMPENSATED, "lost"),
        ("withdrawn", Outcome.WITHDRAWN, "withdrawn"),
        ("processing", Outcome.TO_OFFICE, "processing"),
        ("damaged", Outcome.TO_OFFICE, "damaged"),
    ],
)
def test_a_return_is_accepted_in_any_state(
    actor: Actor, item: Item, central: Library, condition: str, outcome: Outcome, afterwards: str
) -> None:
    Item.objects.filter(pk=item.pk).update(**(WITHDRAWN if condition == "withdrawn" else {"condition": condition}))
    assert take_back(actor, item.barcode, central, new()).outcome is outcome
    item.refresh_from_db()
    assert item.condition == afterwards
    assert take_back(actor, "9999999999", central, new()).outcome is Outcome.UNKNOWN_ITEM


def test_the_database_itself_refuses_what_must_not_be(patron: Patron, item: Item, central: Library) -> None:
    rule, today = LoanRule.objects.all()[0], timezone.localdate()
    good = {"item": item, "patron": patron, "library": central, "rule": rule, "lent_on": today,
            "lent_at": timezone.now(), "due_on": today}  # fmt: skip
    Loan.objects.create(**good)
    for wrong in (
        good,  # a second open loan of the item
        good | {"returned_on": today},  # a borrower after the return
        good | {"patron": None, "lent_at": None},  # an open loan of nobody
        good | {"due_on": today - dt.timedelta(days=1)},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Loan.objects.create(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"contact": "phone", "email": "sample@example.jp"},
        {"contact": "email", "email": ""},
        {"guardian_name": "見本 親", "primary_until": None},
        {"expires_on": dt.date(2000, 1, 1)},
    ],
)
def test_personal_fields_only_under_their_condition(patron: Patron, wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Patron.objects.filter(pk=patron.pk).update(**wrong)
