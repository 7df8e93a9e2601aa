"""What is recorded of an open case besides its decision: contacts (連絡記録) and photos of the item."""

import datetime as dt

from django.db import connection, transaction
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation import photos
from shoko_ils.circulation.models import PHOTOS, CaseContact, CasePhoto
from shoko_ils.circulation.services.cases import locked


class TooManyPhotos(Exception):
    """The case has as many photos as are kept of one."""


class NotADay(Exception):
    """A contact of a day that has not come, or from before the case was opened."""


@transaction.atomic
def contacted(
    actor: audit.Actor, case_id: int, means: CaseContact.Means, result: CaseContact.Result, on: dt.date | None = None
) -> CaseContact:
    """Record a contact about an open case, of today or of `on`. Raises CaseClosed, NotADay."""
    case = locked(case_id)
    today = timezone.localdate()
    on = on or today
    if not case.opened_on <= on <= today:
        raise NotADay(str(on))
    contact = CaseContact.objects.create(
        case=case, means=means, result=result, contacted_on=on, contacted_by=actor.login_id
    )
    audit.write(actor, "contact-case", "cases")
    return contact


@transaction.atomic
def add_photo(actor: audit.Actor, case_id: int, content: bytes) -> CasePhoto:
    """Keep a photo of the item of an open case. Raises photos.BadPhoto, CaseClosed, TooManyPhotos."""
    made = photos.made_anew(content)
    case = locked(case_id)
    taken = set(case.photos.values_list("position", flat=True))
    free = next((position for position in range(1, PHOTOS + 1) if position not in taken), None)
    if free is None:
        raise TooManyPhotos(f"case {case.pk}")
    photo = CasePhoto.objects.create(
        case=case, position=free, content=made, added_on=timezone.localdate(), added_by=actor.login_id
    )
    audit.write(actor, "add-case-photo", "cases")
    return photo


@transaction.atomic
def remove_photo(actor: audit.Actor, case_id: int, position: int) -> None:
    """Erase one photo, as when it shows more than the item. Raises CaseClosed; one that is gone is no error."""
    locked(case_id).photos.filter(position=position).delete()
    audit.write(actor, "remove-case-photo", "cases")


def write_anew() -> None:
    """Nightly, as owner: put what stands of contacts and photos into new files, without what was erased since.

    A vacuum would not do: of a page that still holds a row it leaves the bytes of the others where they are. The former
    files are emptied with the commit. What a transaction that is still open may see goes in the next night.
    """
    for table in ("case_contact", "case_photo"):
        with transaction.atomic(), connection.cursor() as cursor:
            # who works with them goes first: a step that fails is done again in the next night
            cursor.execute("SET LOCAL lock_timeout = '10s'")
            cursor.execute(f"CLUSTER {table} USING {table}_pkey")
