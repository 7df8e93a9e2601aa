"""Registration, cards, groups, and finding a patron."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.audit.record import Actor
from shoko_ils.core.models import Library
from shoko_ils.patrons import find
from shoko_ils.patrons.models import (
    Card,
    GroupContact,
    Patron,
    PatronCategory,
)
from shoko_ils.patrons.services import cards, registration
from shoko_ils.patrons.services.registration import Details
from shoko_ils.patrons.services.write import Refused, years_later
from tests.holding import new
from tests.registering import free_card


def test_a_registration_sent_twice_is_one(actor: Actor, central: Library, details: Details) -> None:
    key = new()
    made = [registration.register(actor, details, central, free_card(), key) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].expires_on == years_later(timezone.localdate(), 3)
    assert Event.objects.filter(action="register-patron", subject=made[0].pseudonym).count() == 1


def test_possible_duplicates_are_shown_first(actor: Actor, central: Library, details: Details) -> None:
    first = registration.register(actor, details, central, free_card(), new())
    spelled_otherwise = Details(**{**details.__dict__, "name": "見本渓 花子"})
    with pytest.raises(registration.Duplicates) as found:
        registration.register(actor, spelled_otherwise, central, free_card(2), new())
    assert found.value.patrons == [first]
    other_day = Details(**{**details.__dict__, "birth_date": dt.date(1990, 4, 6)})
    assert registration.register(actor, other_day, central, free_card(3), new()) != first
    assert registration.register(actor, details, central, free_card(4), new(), knows_duplicates=True) != first


def test_who_is_registered_without_a_birth_date_is_shown_by_the_same_name(
    actor: Actor, central: Library, details: Details
) -> None:
    """As rows that came from another system are: any birth date may be theirs."""
    undated = Details(**{**details.__dict__, "birth_date": None})
    other_name = Details(**{**undated.__dict__, "name": "見本渓 花子"})
    known = registration.register(actor, undated, central, free_card(), new())
    # read alike is not enough here, as it is not where none is typed
    namesake = registration.register(actor, other_name, central, free_card(2), new())
    with pytest.raises(registration.Duplicates) as found:
        registration.register(actor, details, central, free_card(3), new())
    assert found.value.patrons == [known]
    assert registration.register(actor, details, central, free_card(3), new(), knows_duplicates=True) != known
    # the birth date that is typed still tells two apart who have one
    other_day = Details(**{**details.__dict__, "birth_date": dt.date(1990, 4, 6)})
    assert list(registration.duplicates(other_day)) == [known]
    assert namesake in registration.duplicates(other_name)


def test_a_renewal_counts_from_today(actor: Actor, patron: Patron) -> None:
    Patron.objects.filter(pk=patron.pk).update(expires_on=patron.registered_on)
    for _ in range(2):
        registration.renew(actor, patron.pk)
    patron.refresh_from_db()
    assert patron.expires_on == years_later(timezone.localdate(), 3)
    assert patron.confirmed_on == timezone.localdate()
    assert Event.objects.filter(action="renew-patron").count() == 1
    assert years_later(dt.date(2024, 2, 29), 3) == dt.date(2027, 2, 28)


def test_a_card_is_given_once(actor: Actor, patron: Patron, card: Card, other_patron: Patron) -> None:
    for number, code in ((card.number, "card-taken"), ("12345678", "card-unreadable"), ("1", "card-unreadable")):
        with pytest.raises(Refused, match=code):
            cards.reissue(actor, patron.pk, card.number, number, Card.Reason.LOST)
    made = [cards.reissue(actor, patron.pk, card.number, free_card(), Card.Reason.LOST) for _ in range(2)]
    assert made[0] == made[1]
    assert find.by_card(card.number).ended_reason == Card.Reason.LOST
    with pytest.raises(Refused, match="card-taken"):
        cards.reissue(actor, other_patron.pk, other_patron.cards.get().number, card.number, Card.Reason.LOST)
    with pytest.raises(Refused, match="card-not-valid"):
        cards.reissue(actor, patron.pk, card.number, free_card(5), Card.Reason.LOST)
    with pytest.raises(Refused, match="card-one-only"):
        cards.add(actor, patron.pk, free_card(6))
    cards.end(actor, patron.pk, free_card(), Card.Reason.HANDED_IN)
    assert cards.add(actor, patron.pk, free_card(6)).ended_on is None


def test_a_group_has_several_cards_and_somebody_to_call(
    actor: Actor, central: Library, category: PatronCategory
) -> None:
    details = Details(
        category_id=category.pk, kind="group", name="見本小学校", name_reading="ミホンショウガッコウ",
        contact_name="架空 先生", contact_phone="000-0000-0001",
    )  # fmt: skip
    group = registration.register(actor, details, central, free_card(), new())
    for serial in (2, 3):
        cards.add(actor, group.pk, free_card(serial))
    assert [card.slot for card in group.cards.order_by("slot")] == [1, 2, 3]
    cards.reissue(actor, group.pk, free_card(2), free_card(4), Card.Reason.DAMAGED)
    assert Card.objects.get(number=free_card(4)).slot == 2
    assert group.group_contact.name == "架空 先生"
    registration.change(actor, group.pk, Details(**{**details.__dict__, "contact_name": "", "contact_phone": ""}))
    assert not GroupContact.objects.filter(patron=group).exists()
    with pytest.raises(registration.Duplicates):
        registration.register(actor, details, central, free_card(7), new())


def test_the_database_knows_persons_and_groups_apart(patron: Patron) -> None:
    def refused(statement: str, *values: object) -> None:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:  # noqa: PT012
            cursor.execute(statement, values)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    card = "INSERT INTO card (number, patron_id, patron_kind, slot, issued_on) VALUES (%s, %s, %s, %s, now())"
    refused(card, free_card(), patron.pk, "person", 2)
    refused(card, free_card(), patron.pk, "group", 2)
    refused("INSERT INTO group_contact (patron_id, name, phone) VALUES (%s, 'x', '')", patron.pk)
    refused("UPDATE patron SET kind = 'group', birth_date = NULL WHERE id = %s", patron.pk)
    refused("UPDATE patron SET kind = 'club' WHERE id = %s", patron.pk)


def test_two_criteria_are_needed(db: None, patron: Patron, card: Card) -> None:
    phone_end = patron.phone[-4:]
    assert find.search(find.Criteria(text=f"A{card.number}A")) == [patron]
    for criteria in (
        find.Criteria(text=patron.name_reading, birth_date=patron.birth_date),
        find.Criteria(text=patron.name_reading, phone_end=phone_end),
        find.Criteria(birth_date=patron.birth_date, phone_end=phone_end),
    ):
        assert patron in find.search(criteria)
    for few in (
        find.Criteria(),
        find.Criteria(text=patron.name_reading),
        find.Criteria(birth_date=patron.birth_date),
        find.Criteria(phone_end=phone_end),
        find.Criteria(text="み", phone_end=phone_end),
    ):
        with pytest.raises(find.TooFew):
            find.search(few)
    Patron.objects.filter(reading_key__startswith="ミホン", kind="person", primary_until=None).update(
        birth_date=patron.birth_date
    )
    with pytest.raises(find.TooMany):
        find.search(find.Criteria(text="みほん", birth_date=patron.birth_date))
