"""Registration, change, renewal of the validity, and the day until which a guardian is named (S0:L188-190)."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, fields

from django.db.models import Q, QuerySet
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.catalog.normalise import fold
from shoko_ils.core.models import Library
from shoko_ils.patrons import declared, school
from shoko_ils.patrons.models import GroupContact, Patron, PatronNote
from shoko_ils.patrons.services import cards
from shoko_ils.patrons.services.write import Refused, locked, transact, years_later


@dataclass(frozen=True)
class Details:
    """What a person or group tells about itself; empty where nothing is told."""

    category_id: int
    name: str
    kind: str = Patron.Kind.PERSON
    name_reading: str = ""
    birth_date: dt.date | None = None
    postal_code: str = ""
    address: str = ""
    phone: str = ""
    contact: str = Patron.Contact.NONE
    email: str = ""
    guardian_name: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    notes: frozenset[str] = field(default_factory=frozenset)


class Duplicates(Refused):
    """The same name and birth date (a group, or a person without a birth date: the same name) is registered already."""

    def __init__(self, patrons: list[Patron]) -> None:
        super().__init__("duplicates")
        self.patrons = patrons


def duplicates(details: Details, *, except_id: int | None = None) -> QuerySet[Patron]:
    """Registered patrons who may be the same; one without a birth date (a migrated row) by the very name.

    Erased ones are not among them: to know an erased person again, his name would have to be kept.
    """
    key = fold(details.name_reading or details.name)
    same = Patron.objects.filter(Q(name=details.name) | Q(reading_key=key), kind=details.kind)
    if details.kind == Patron.Kind.PERSON:
        by_name = Q(name=details.name)
        undated = by_name & Q(birth_date__isnull=True)
        same = same.filter(Q(birth_date=details.birth_date) | undated if details.birth_date else by_name)
    return same.exclude(pk=except_id).order_by("pk")


def register(
    actor: audit.Actor,
    details: Details,
    library: Library,
    card_number: str,
    key: uuid.UUID,
    *,
    knows_duplicates: bool = False,
    together: Callable[[], None] | None = None,
) -> Patron:
    """Register and hand out a card. The same `key` again gives the same patron.

    `together` is done in the same transaction, once with the registration (see mylibrary.applications); what it raises
    undoes both.

    Raises Duplicates unless the person at the counter has looked at them, Refused("card-…") for the number,
    Refused("not-declared") for a field that the site does not list.
    """
    pseudonym = uuid.uuid5(key, "patron")

    def operation() -> Patron:
        done = Patron.objects.filter(pseudonym=pseudonym).first()
        if done:
            return done
        _refuse_undeclared(details)
        if not knows_duplicates and (found := list(duplicates(details)[:20])):
            raise Duplicates(found)
        today = timezone.localdate()
        patron = Patron(
            pseudonym=pseudonym,
            kind=details.kind,
            library=library,
            registered_on=today,
            expires_on=years_later(today, declared.site().validity_years),
            confirmed_on=today if declared.site().has("confirmed_on") else None,
        )
        _fill(patron, details, today)
        patron.save()
        _beside(patron, details, today)
        cards.hand_out(patron, card_number, today)
        if together:
            together()
        audit.write(actor, "register-patron", "patron-new", [patron.pseudonym])
        return patron

    return transact(operation)


def change(actor: audit.Actor, patron_id: int, details: Details) -> Patron:
    """Bring the record to `details`; the kind stays. Raises Refused("not-declared"), PatronGone."""

    def operation() -> Patron:
        _refuse_undeclared(details)
        today = timezone.localdate()
        patron = locked(patron_id)
        if patron.kind != details.kind:
            raise Refused("kind")
        _fill(patron, details, today)
        patron.save()
        _beside(patron, details, today)
        audit.write(actor, "change-patron", "patron-change", [patron.pseudonym])
        return patron

    return transact(operation)


def renew(actor: audit.Actor, patron_id: int) -> Patron:
    """Renew the validity from today, after the address was shown by a document (住所確認)."""

    def operation() -> Patron:
        site, today = declared.site(), timezone.localdate()
        patron = locked(patron_id)
        until = years_later(today, site.validity_years)
        if patron.expires_on == until and patron.confirmed_on == (today if site.has("confirmed_on") else None):
            return patron
        patron.expires_on = until
        patron.confirmed_on = today if site.has("confirmed_on") else None
        patron.save(update_fields=["expires_on", "confirmed_on"])
        audit.write(actor, "renew-patron", "patron", [patron.pseudonym])
        return patron

    return transact(operation)


def prolong_guardian(actor: audit.Actor, patron_id: int, until: dt.date, reason: str) -> Patron:
    """Name another last day as a pupil (就学猶予, 原級留置): 31 March, later than by law. Reason "" takes it back.

    Raises Refused: "no-birth-date", "not-a-year-end", "not-later", "not-declared".
    """

    def operation() -> Patron:
        today = timezone.localdate()
        patron = locked(patron_id)
        if not declared.site().has("guardian"):
            raise Refused("not-declared", "guardian")
        if patron.birth_date is None:
            raise Refused("no-birth-date")
        by_law = school.primary_until(patron.birth_date)
        if reason:
            if (until.month, until.day) != (3, 31):
                raise Refused("not-a-year-end")
            if until <= by_law or until < today:
                raise Refused("not-later")
        patron.primary_until = until if reason else school.pupil_until(patron.birth_date, today)
        patron.primary_reason = reason
        if patron.primary_until is None:
            patron.guardian_name = ""
        patron.save(update_fields=["primary_until", "primary_reason", "guardian_name"])
        audit.write(actor, "prolong-guardian", "patron", [patron.pseudonym])
        return patron

    return transact(operation)


def _refuse_undeclared(details: Details) -> None:
    site = declared.site()
    under = {
        **declared.COLUMNS,
        "contact": "contact",
        "contact_name": "group_contact",
        "contact_phone": "group_contact",
    }
    for each in fields(details):
        value = getattr(details, each.name)
        if each.name in under and value and value != Patron.Contact.NONE and not site.has(under[each.name]):
            raise Refused("not-declared", each.name)
    if details.notes and (not site.has("notes") or details.notes - site.notes.keys()):
        raise Refused("not-declared", "notes")


def _fill(patron: Patron, details: Details, today: dt.date) -> None:
    """Copy the fields; the guardian only as long as the child is a pupil."""
    patron.category_id = details.category_id
    for name in ("name", "name_reading", "postal_code", "address", "phone", "contact", "email"):
        setattr(patron, name, getattr(details, name))
    patron.reading_key = fold(details.name_reading or details.name)
    if patron.primary_reason and patron.birth_date == details.birth_date:
        pass  # a dated decision of a person stands
    else:
        guarded = declared.site().has("guardian") and details.kind == Patron.Kind.PERSON
        # never taken from a child whose guardian still answers for something: the nightly job lets go
        until = school.pupil_until(details.birth_date, min(today, patron.primary_until or today)) if guarded else None
        patron.primary_until, patron.primary_reason = until, ""
    patron.birth_date = details.birth_date
    patron.guardian_name = details.guardian_name if patron.primary_until else ""


def _beside(patron: Patron, details: Details, today: dt.date) -> None:
    """Contact person of a group, coded notes."""
    if details.kind == Patron.Kind.GROUP and details.contact_name:
        GroupContact.objects.update_or_create(
            patron=patron, defaults={"name": details.contact_name, "phone": details.contact_phone}
        )
    else:
        GroupContact.objects.filter(patron=patron).delete()
    patron.notes.exclude(code__in=details.notes).delete()
    PatronNote.objects.bulk_create(
        [PatronNote(patron=patron, code=code, noted_on=today) for code in sorted(details.notes)], ignore_conflicts=True
    )
