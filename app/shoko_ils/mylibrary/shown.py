"""What My Library shows of its patron. Row-level security leaves only his own rows."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from shoko_ils.circulation.models import Loan
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings import issues
from shoko_ils.holds.models import Hold, TitleRequest
from shoko_ils.mylibrary import orders, words
from shoko_ils.notices import kinds
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Patron
from shoko_ils.reference.models import Question
from shoko_ils.vault.models import EndedHold, Favourite, HistoryWish

SOON = dt.timedelta(days=3)
SHOWN = 200
# for how long it says that a hold has ended; then the night removes it
ENDED_SHOWN = dt.timedelta(days=14)


@dataclass(frozen=True)
class ShownLoan:
    """`reason` is empty when it can be renewed, None when the desk has not said."""

    number: int
    record: int
    title: str
    due_on: dt.date
    reason: str | None
    is_late: bool
    is_soon: bool
    is_pending: bool


@dataclass(frozen=True)
class ShownHold:
    number: int
    record: int
    title: str
    state: str
    pickup: str
    pickup_key: str
    pickup_by: dt.date | None
    suspended_from: dt.date | None
    suspended_until: dt.date | None
    not_needed_after: dt.date | None
    contact: str
    # why copies go to others though it is early in line, in words; empty: they do not
    passed_over: str
    waits: bool
    ready: bool


def _title(row: dict[str, Any], prefix: str, issue: str) -> str:
    return issues.titled(row[prefix + "title"], row[prefix + "volume"], row[issue])


def everything(patron_id: int) -> dict[str, Any]:
    """All that the page shows, and whether the desk was there (`is_late`)."""
    try:
        seen = orders.ask("view", patron_id)
        ranks, passed_over, renewal = (seen.get(name, {}) for name in ("ranks", "passed_over", "renewal"))
    except orders.NotAnswered:
        ranks, passed_over, renewal = {}, {}, None
    loans, holds = _loans(renewal), _holds(ranks, passed_over)
    return {
        "is_late": renewal is None,
        "loans": loans,
        "holds": holds,
        "ended": _ended(),
        "ended_days": ENDED_SHOWN.days,
        "ready": [hold for hold in holds if hold.ready],
        "soon": [loan for loan in loans if loan.is_soon or loan.is_late],
        "requests": TitleRequest.objects.values("id", "title", "author", "requested_on", "decision").order_by("id"),
        "questions": Question.objects.values("id", "question", "received_on", "answer", "answered_on").order_by("-id"),
        "notices": _notices(),
        "favourites": Favourite.objects.select_related("record").order_by("-kept_on", "-pk")[:SHOWN],
        "patron": Patron.objects.values("name", "category__name_ja", "category__name_en", "library_id", "contact",
                                        "email", "expires_on").first(),
        "wish": HistoryWish.objects.values_list("since", flat=True).first(),
        "key": uuid.uuid4(),
        "today": timezone.localdate(),
        "places": [(place.key, str(place)) for place in (*Library.objects.all(), *ServicePoint.objects.all())],
    }  # fmt: skip


def _ended() -> list[tuple[EndedHold, str]]:
    """Holds that have ended without the patron's doing, latest first, each with the reason in words."""
    since = timezone.localdate() - ENDED_SHOWN
    rows = EndedHold.objects.filter(ended_on__gte=since).select_related("record").order_by("-ended_on", "-pk")
    return [(row, words.ended(row.why)) for row in rows[:SHOWN]]


def _notices() -> list[tuple[dt.date, str, str]]:
    """What was sent about matters that are still open, latest first: day, subject, way. None of it names a title."""
    rows = Notice.objects.filter(state=Notice.State.SENT).only("kind", "way", "sent_on").order_by("-sent_on", "-pk")
    return [(row.sent_on, kinds.of(row).subject(), words.way(row.way)) for row in rows[:SHOWN] if row.sent_on]


def _loans(renewal: dict[str, str] | None) -> list[ShownLoan]:
    today = timezone.localdate()
    rows = (
        Loan.objects.filter(returned_on__isnull=True)
        .values(
            "id", "due_on", "pending", "item__issue", "item__record_id", "item__record__title", "item__record__volume"
        )
        .order_by("due_on", "id")
    )
    made = []
    for row in rows:
        outcome = None if renewal is None else renewal.get(str(row["id"]))
        reason = None if outcome is None else words.renewal(outcome) if outcome else ""
        late = row["due_on"] < today and not row["pending"]
        soon = not late and not row["pending"] and row["due_on"] <= today + SOON
        made.append(
            ShownLoan(
                row["id"],
                row["item__record_id"],
                _title(row, "item__record__", "item__issue"),
                row["due_on"],
                reason,
                late,
                soon,
                row["pending"],
            )
        )
    return made


def _holds(ranks: dict[str, int], passed_over: dict[str, str]) -> list[ShownHold]:
    libraries, points = Library.objects.in_bulk(), ServicePoint.objects.in_bulk()
    rows = Hold.objects.values(
        "id", "record_id", "issue", "record__title", "record__volume", "state", "pickup_library_id", "pickup_point_id",
        "pickup_by", "suspended_from", "suspended_until", "not_needed_after", "contact",
    ).order_by("requested_at", "id")  # fmt: skip
    made = []
    for row in rows:
        place = points.get(row["pickup_point_id"]) or libraries[row["pickup_library_id"]]
        ready = row["state"] in words.READY
        waits = row["state"] not in (*words.READY, *words.MOVING, *words.PREPARED)
        state = words.hold_state(row["state"], ranks.get(str(row["id"])))
        title = _title(row, "record__", "issue")
        made.append(
            ShownHold(
                row["id"], row["record_id"], title, state, str(place), place.key, row["pickup_by"],
                row["suspended_from"], row["suspended_until"], row["not_needed_after"], row["contact"],
                words.passed_over(passed_over.get(str(row["id"]), "")), waits, ready,
            )
        )  # fmt: skip
    return made
