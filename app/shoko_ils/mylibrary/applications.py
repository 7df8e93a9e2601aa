"""Provisional registrations at the counter: found by their receipt number, and erased by what becomes of them."""

from typing import Any

from django.db import transaction

from shoko_ils.audit import record as audit
from shoko_ils.mylibrary.models import ProvisionalRegistration
from shoko_ils.patrons.services.write import Refused

# what goes into the form of the register
FIELDS = (
    "name", "name_reading", "birth_date", "postal_code", "address", "phone", "contact", "email", "guardian_name",
)  # fmt: skip


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
