"""Provisional registrations (S4:L121): left by a citizen, found at the counter by their receipt number, erased by
what becomes of them."""

import datetime as dt
import secrets
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.core.models import Library
from shoko_ils.mylibrary import passwords
from shoko_ils.mylibrary.models import ProvisionalRegistration
from shoko_ils.patrons.services.write import Refused

# what goes into the form of the register
FIELDS = (
    "name", "name_reading", "birth_date", "postal_code", "address", "phone", "contact", "email", "guardian_name",
)  # fmt: skip

KEPT = dt.timedelta(days=30)
# what an application holds where the site's list, or the citizen, has nothing
NOTHING = {
    "name_reading": "", "birth_date": None, "postal_code": "", "address": "", "phone": "", "contact": "none",
    "email": "", "guardian_name": "",
}  # fmt: skip
COLUMNS = ("receipt", "name", *NOTHING, "library_id", "applied_on", "erase_after")


def leave(library: Library, **given: Any) -> str:
    """Add an application; its receipt number. Plain SQL, because the public role may add rows and read none."""
    today = timezone.localdate()
    receipt = "".join(secrets.choice(passwords.LETTERS) for _ in range(8))
    row = {
        **NOTHING,
        **given,
        "receipt": receipt,
        "library_id": library.pk,
        "applied_on": today,
        "erase_after": today + KEPT,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO provisional_registration ({', '.join(COLUMNS)})"  # noqa: S608
            f" VALUES ({', '.join(['%s'] * len(COLUMNS))})",
            [row[name] for name in COLUMNS],
        )
    return f"{receipt[:4]}-{receipt[4:]}"


def shown(actor: audit.Actor, receipt: str) -> ProvisionalRegistration | None:
    """The application with this number, and in the audit that it was looked at."""
    found = ProvisionalRegistration.objects.select_related("library").filter(receipt=receipt).first()
    if found is not None:
        with transaction.atomic():
            audit.write(actor, "provisional-view", "provisional")
    return found


def details(application: ProvisionalRegistration) -> dict[str, Any]:
    """Field of the registration form → what the citizen wrote."""
    return {name: getattr(application, name) for name in FIELDS}


def take(actor: audit.Actor, receipt: str) -> None:
    """Erase the application because of the registration in whose transaction this is called.

    Raises Refused("application-gone"): it became a registration at another counter, or its time was over.
    """
    if not ProvisionalRegistration.objects.filter(receipt=receipt).delete()[0]:
        raise Refused("application-gone")
    audit.write(actor, "provisional-take", "provisional")


def erase(actor: audit.Actor, receipt: str) -> None:
    """Erase an application that comes to nothing; harmless when repeated."""
    with transaction.atomic():
        if ProvisionalRegistration.objects.filter(receipt=receipt).delete()[0]:
            audit.write(actor, "provisional-erase", "provisional")
