"""The periodic analysis of who looked at whom (S0:L604): four questions to the audit of a month.

A finding is a day of a person at a library with a count: something to ask about, not a reproach.
"""

import datetime as dt
import uuid
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from shoko_ils.audit.models import Event, Finding, Report
from shoko_ils.catalog.normalise import fold
from shoko_ils.core.models import Library
from shoko_ils.patrons.models import Patron
from shoko_ils.staff.models import Level, StaffAccount

Kind = Finding.Kind
# what opens the record of one person (a reason may follow), and what shows or prints many
OPENS = ("view-patron", "view-holds", "show-titles", "show-borrower", "disclose-patron")
LISTS = ("list-patron", "print-postcard", "provisional-view")
# what says nothing about work at a counter
NOT_WORK = {
    "login",
    "logout",
    "login-refused",
    "code-refused",
    "pin-refused",
    "pin-shut",
    "take-over",
    "hand-over",
    "sessions-ended",
    "read-audit",
    "analyse-audit",
    "sign-off",
    "read-enquiries",
    "scan-card",
}
# letters by which two surnames count as the same where neither name is parted
LIKE_A_SURNAME = 2
NEAR = dt.timedelta(minutes=15)
DEFAULTS = {"open_from": 8, "open_until": 20, "bulk_views": 60, "unattended_views": 5}


class SignOffRefused(Exception):
    """The finding is signed off already, or this person may not check it."""


def setting(name: str) -> int:
    """A threshold: site file, key `audit`. Hours of the day, and counts a day from which a finding is made."""
    return int(settings.SITE.get("audit", {}).get(name, DEFAULTS[name]))


def month_of(day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """First moment of the month and of the next."""
    first = day.replace(day=1)
    after = (first + dt.timedelta(days=32)).replace(day=1)
    zone = timezone.get_current_timezone()
    return tuple(dt.datetime.combine(each, dt.time(), zone) for each in (first, after))  # type: ignore[return-value]


@dataclass
class Look:
    """What the analysis knows besides the events."""

    staff: dict[str, str]
    # names of persons by their pseudonyms; groups have no surname
    patrons: dict[uuid.UUID, str]
    closed: dict[str, set[dt.date]] = field(default_factory=dict)


def findings(events: Iterable[Event], look: Look) -> Counter[tuple[str, str, str, dt.date]]:
    """(kind, actor, library, day) → how many views. A pure function of the events and `look`."""
    events = list(events)
    work: dict[str, list[dt.datetime]] = defaultdict(list)
    for event in events:
        if not (is_view(event.action) or event.action in NOT_WORK):
            work[event.actor].append(event.at)
    found: Counter[tuple[str, str, str, dt.date]] = Counter()
    views: Counter[tuple[str, str, dt.date]] = Counter()
    unattended: Counter[tuple[str, str, dt.date]] = Counter()
    for event in events:
        if not is_view(event.action):
            continue
        local = timezone.localtime(event.at)
        key = event.actor, event.library, local.date()
        views[key] += 1
        in_hours = setting("open_from") <= local.hour < setting("open_until")
        if not in_hours or local.date() in look.closed.get(event.library, ()):
            found[Kind.OUT_OF_HOURS, *key] += 1
        if not opens(event.action):
            continue
        if not _near(work[event.actor], event.at):
            unattended[key] += 1
        if event.subject and same_surname(look.staff.get(event.actor, ""), look.patrons.get(event.subject, "")):
            found[Kind.SAME_SURNAME, *key] += 1
    for kind, counted, least in (
        (Kind.BULK, views, setting("bulk_views")),
        (Kind.NO_COUNTER_EVENT, unattended, setting("unattended_views")),
    ):
        for key, count in counted.items():
            if count >= least:
                found[kind, *key] = count
    return found


def _near(times: list[dt.datetime], at: dt.datetime) -> bool:
    """Whether one of the sorted times lies within NEAR of a moment."""
    place = bisect_left(times, at - NEAR)
    return place < len(times) and times[place] <= at + NEAR


def opens(action: str) -> bool:
    """Whether an act shows the record of one person."""
    return action in OPENS or action.startswith(tuple(f"{name}-" for name in OPENS))


def is_view(action: str) -> bool:
    """Whether an act shows anything of a person. A view is no work: it does not excuse the one before it."""
    return opens(action) or action in LISTS


def same_surname(one: str, other: str) -> bool:
    """Whether two names may have the same surname, also where one or both are written without a blank.

    Rather one finding too many: 林 is like 林田 where nothing parts 林田一郎. Old forms of a letter (髙) are the same.
    """
    if not (one and other):
        return False
    parted = [fold(name.split()[0]) if len(name.split()) > 1 else "" for name in (one, other)]
    whole = [fold(name) for name in (one, other)]
    if all(parted):
        return parted[0] == parted[1]
    if any(parted):
        return whole[1].startswith(parted[0]) if parted[0] else whole[0].startswith(parted[1])
    begins = {name[:LIKE_A_SURNAME] for name in whole}
    return len(begins) == 1 and len(begins.pop()) == LIKE_A_SURNAME


def analyse(day: dt.date) -> Report:
    """Analyse the month of `day` once, when it is over; a second time gives the report that is there."""
    begin, end = month_of(day)
    done = Report.objects.filter(month=begin.date()).first()
    if done:
        return done
    events = list(Event.objects.filter(at__gte=begin, at__lt=end).order_by("at"))
    subjects = {event.subject for event in events if opens(event.action) and event.subject}
    persons = Patron.objects.filter(pseudonym__in=subjects, kind=Patron.Kind.PERSON)
    look = Look(
        staff=dict(StaffAccount.objects.values_list("login_id", "name")),
        patrons=dict(persons.values_list("pseudonym", "name")),
        closed=_closed_days(begin.date(), end.date()),
    )
    with transaction.atomic():
        report = Report.objects.create(month=begin.date(), made_on=timezone.localdate(), events=len(events))
        Finding.objects.bulk_create(
            Finding(report=report, kind=kind, actor=actor, library=library, day=on, count=count)
            for (kind, actor, library, on), count in sorted(findings(events, look).items())
        )
    return report


def _closed_days(first: dt.date, after: dt.date) -> dict[str, set[dt.date]]:
    days = [first + dt.timedelta(days=n) for n in range((after - first).days)]
    return {
        library.key: {day for day in days if library.next_open_day(day) != day} for library in Library.objects.all()
    }


def may_check(person: StaffAccount, finding: Finding) -> bool:
    """Nobody checks himself; what a person of level 1 did is checked from another section."""
    if person.login_id == finding.actor:
        return False
    about = StaffAccount.objects.filter(login_id=finding.actor).first()
    return about is None or about.level != Level.MANAGER or about.section != person.section


def sign_off(person: StaffAccount, finding_id: int, resolution: str) -> None:
    """Sign a finding off: 確認済, 本人聴取 or 報告. Raises SignOffRefused."""
    with transaction.atomic():
        finding = Finding.objects.select_for_update().filter(pk=finding_id, resolution="").first()
        if finding is None or resolution not in Finding.Resolution.values or not resolution:
            raise SignOffRefused("closed")
        if not may_check(person, finding):
            raise SignOffRefused("own")
        finding.resolution, finding.resolved_by = resolution, person.login_id
        finding.resolved_on = timezone.localdate()
        finding.save(update_fields=["resolution", "resolved_by", "resolved_on"])
