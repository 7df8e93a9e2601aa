"""Erasure of a registration (登録抹消), certified (S0:L534), and of guardians whose time is over (S0:L190)."""

import datetime as dt
import uuid

from django.db import connection
from django.db.models import Max, Model, Q, QuerySet
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.core.models import Library
from shoko_ils.patrons import declared, obstacles
from shoko_ils.patrons.models import Card, ErasureCertificate, Patron, SpentCardNumber
from shoko_ils.patrons.services.write import Refused, locked, transact, years_later

# any constant: it keeps two erasures from taking the same number
NUMBERING = 0x4552_4153
# what every row has and says nothing about a person
NOT_PERSONAL = frozenset({"id", "pseudonym", "reading_key", "patron", "patron_kind", "kind", "slot"})


class StillOpen(Refused):
    """Loans, holds or other matters are open; `matters` is table → number."""

    def __init__(self, matters: dict[str, int]) -> None:
        super().__init__("still-open", ", ".join(sorted(matters)))
        self.matters = matters


def erase(actor: audit.Actor, patron_id: int, reason: str, library: Library, key: uuid.UUID) -> ErasureCertificate:
    """Erase a patron and everything stored of him; the same `key` again gives the same certificate.

    What staff cannot read (password, favourites) is removed by the database together with the row. Card numbers stay
    as bare numbers, so that they are never given to another. Raises StillOpen, PatronGone.
    """

    def operation() -> ErasureCertificate:
        done = ErasureCertificate.objects.filter(key=key).first()
        if done:
            return done
        patron = locked(patron_id)
        if matters := obstacles.open_matters(patron):
            raise StillOpen(matters)
        today = timezone.localdate()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBERING])
        last = ErasureCertificate.objects.filter(year=today.year).aggregate(last=Max("serial"))["last"]
        certificate = ErasureCertificate.objects.create(
            key=key,
            year=today.year,
            serial=(last or 0) + 1,
            erased_on=today,
            reason=reason,
            erased_by=actor.login_id,
            library=library,
            erased=_what_was_there(patron),
        )
        SpentCardNumber.objects.bulk_create(
            [SpentCardNumber(number=number) for number in patron.cards.values_list("number", flat=True)]
        )
        pseudonym = patron.pseudonym
        patron.delete()
        audit.write(actor, "erase-patron", "patron-erase", [pseudonym])
        return certificate

    return transact(operation)


def _what_was_there(patron: Patron) -> list[str]:
    """table.column of every personal value, the values themselves left out."""
    rows: list[Model] = [patron, *Card.objects.filter(patron=patron), *patron.notes.all()]
    if hasattr(patron, "group_contact"):
        rows.append(patron.group_contact)
    found = {
        f"{row._meta.db_table}.{each.column}"
        for row in rows
        for each in row._meta.concrete_fields
        if each.name not in NOT_PERSONAL and getattr(row, each.attname) not in (None, "")
    }
    return sorted(found)


def unused(today: dt.date) -> QuerySet[Patron]:
    """Registrations that may be erased for want of use: expired, and for the site's years neither lent to nor renewed.

    A loan is known by its year alone, therefore the years count from the end of that year.
    """
    site = declared.site()
    before = years_later(today, -site.unused_years)
    if not site.has("used_in"):
        return Patron.objects.none()
    return Patron.objects.filter(
        Q(used_in__isnull=True) | Q(used_in__lt=today.year - site.unused_years),
        Q(confirmed_on__isnull=True) | Q(confirmed_on__lt=before),
        obstacles.nothing_open(),
        expires_on__lt=today,
        registered_on__lt=before,
    ).order_by("expires_on", "pk")


def erase_guardians(today: dt.date) -> int:
    """Erase the guardian of everyone who is no pupil any more, unless the guardian still answers for something.

    The nightly job; a day that was missed is made up for, and a dump of 31 March restored in April too.
    """
    return (
        Patron.objects.filter(primary_until__lt=today)
        .exclude(obstacles.guardian_answers(today))
        .update(guardian_name="", primary_until=None, primary_reason="")
    )
