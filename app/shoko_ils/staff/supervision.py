"""A trainee works under the eyes of an officer (S1:L32 「職員常時立会い」): who it is, and until when."""

import datetime as dt

from django.contrib.sessions.backends.base import SessionBase
from django.core import signing
from django.utils import timezone

from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.staff.models import StaffAccount

LAPSES = dt.timedelta(minutes=60)
SALT = "shoko.accepted"
MAX_AGE = dt.timedelta(minutes=5)
SESSION_KEY = "supervision"


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
    session[SESSION_KEY] = [supervisor.name, (timezone.now() + LAPSES).timestamp()]


def supervisor_of(session: SessionBase) -> str:
    """Name of the supervisor while the supervision lasts, else an empty text."""
    name, until = session.get(SESSION_KEY, ("", 0))
    return name if timezone.now().timestamp() < until else ""
