"""Under whose eyes a trainee works (S1:L32 「職員常時立会い」), until when, and whether the officer is there."""

import datetime as dt

from django.contrib.sessions.backends.base import SessionBase
from django.core import signing
from django.utils import timezone

from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.staff.access import OFFICERS
from shoko_ils.staff.models import StaffAccount
from shoko_ils.staff.services import sessions

LAPSES = dt.timedelta(minutes=60)
SALT = "shoko.accepted"
MAX_AGE = dt.timedelta(minutes=5)
SESSION_KEY = "supervised_by"


def token(person: StaffAccount, library: Library, point: ServicePoint | None) -> str:
    """An accepted password, carried by the form that asks for the second factor or the supervisor."""
    return signing.dumps([person.pk, library.pk, point.pk if point else None], salt=SALT)


def read(text: str) -> tuple[StaffAccount, Library, ServicePoint | None] | None:
    """Person, library and service point of a token; None: forged, older than five minutes, or removed meanwhile."""
    try:
        person_id, library_id, point_id = signing.loads(text, salt=SALT, max_age=MAX_AGE)
    except signing.BadSignature:
        return None
    person = StaffAccount.objects.in_force().filter(pk=person_id).first()
    library = Library.objects.filter(pk=library_id).first()
    point = ServicePoint.objects.filter(pk=point_id, library=library).first()
    return (person, library, point) if person and library else None


def begin(session: SessionBase, supervisor: StaffAccount) -> None:
    session[SESSION_KEY] = [supervisor.pk, (timezone.now() + LAPSES).timestamp()]


def is_there(supervisor: StaffAccount, library_id: int, beside: str | None = None) -> bool:
    """Whether the officer is logged in at a counter of the library, other than that of the session `beside`."""
    return sessions.is_open(supervisor, library_id, beside)


def supervisor_of(session: SessionBase) -> StaffAccount | None:
    """The supervisor of a trainee's session. None: the hour is over, the officer has logged out, or is one no more."""
    account_id, until = session.get(SESSION_KEY, (0, 0))
    if timezone.now().timestamp() >= until:
        return None
    officer = StaffAccount.objects.in_force().filter(pk=account_id, level__in=OFFICERS).first()
    return officer if officer and is_there(officer, session["library"]) else None
