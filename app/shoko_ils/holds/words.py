"""Words of the hold counter for codes and outcomes."""

from django.utils.translation import gettext as _

from shoko_ils.circulation.services.results import Outcome, Result
from shoko_ils.holds.models import State, TitleRequest
from shoko_ils.holds.policy import policy
from shoko_ils.holds.services import routing
from shoko_ils.holds.services.placing import Placing
from shoko_ils.holds.skips import Skip
from shoko_ils.notices.models import Call, Notice
from shoko_ils.vault.models import EndedHold

Words = dict[str, str]


def slip(number: int) -> str:
    """A slip number as it is printed: 0412."""
    return f"{number:04d}"


def texts(result: Result) -> tuple[str, str] | None:
    """Headline and advice of an outcome that has to do with holds; None for any other."""
    if result.outcome in (Outcome.HOLD_SHELF, Outcome.HOLD_TRANSIT) and result.item is not None:
        route = routing.current(result.item)
        if route.transit is not None:
            return _("Hold → send to %(place)s") % {"place": route.transit.destination}, _slip(result.slip)
        shelf = route.hold.shelf if route.hold else ""
        return _("Hold → hold shelf %(shelf)s") % {"shelf": shelf}, _slip(result.slip)
    if result.outcome is Outcome.UNDONE and result.slip is not None:
        headline = _("The return is undone: on loan again")
        return headline, _("Destroy slip %(number)s.") % {"number": slip(result.slip)}
    return _fixed().get(result.outcome)


def slip_of(result: Result) -> dict[str, object]:
    """Which slip a page offers to print, `slip_hold` or `slip_transit`, and whether without asking; empty if none."""
    if result.item is None or result.slip is None or result.outcome is Outcome.UNDONE:
        return {}
    route = routing.current(result.item)
    return {
        "slip_hold": route.hold,
        "slip_transit": None if route.hold else route.transit,
        "print_slips": policy().print_slips,
    }


def _slip(number: int | None) -> str:
    return _("Slip %(number)s") % {"number": slip(number)} if number is not None else ""


def _fixed() -> dict[Outcome, tuple[str, str]]:
    return {
        Outcome.HELD: (_("Ready for somebody else: it cannot be lent"), _("Put it back on the hold shelf.")),
        Outcome.HOLDS_WAIT: (
            _("Holds wait for this title"),
            _("The patron brought it from the shelf: lend it before the holds?"),
        ),
        Outcome.HOLDS_NEED_IT: (_("All free copies are needed for holds"), _("Exception: F7")),
        Outcome.RENEWAL_HOLDS: (_("Somebody else waits for it: it cannot be renewed"), _("It is to be returned.")),
        Outcome.NOT_FOUND_ONCE: (_("Not found: another copy is on the list, or it is looked for again"), ""),
        Outcome.MISSING: (_("Recorded as missing"), _("The hold waits again at its place.")),
    }


def placings() -> Words:
    return {
        Placing.PLACED: _("The hold is placed"),
        Placing.ALREADY_HELD: _("There is a hold on this title already"),
        Placing.ALREADY_LENT: _("This title is on loan to the same patron"),
        Placing.PATRON_EXPIRED: _("The registration has expired"),
        Placing.NO_RIGHT: _("This patron category cannot place holds on it"),
        Placing.LIMIT_REACHED: _("The limit of holds is reached"),
        Placing.DAY_LIMIT_REACHED: _("The limit of holds for one day is reached"),
        Placing.PICKUP_NOT_OFFERED: _("It cannot be picked up there"),
        Placing.NO_COPY: _("No copy of this title can be lent: record a title request"),
        Placing.SERIAL: _("Magazines are held by issue, not by title"),
        Placing.CONTACT_NOT_ON_FILE: _("The patron cannot be told in this way: nothing is on file for it"),
        Placing.GROUP_OF_ONE: _("A group needs two titles or more"),
    }


def states() -> Words:
    return {
        State.QUEUED: _("In queue"),
        State.CAPTURED: _("Captured"),
        State.IN_TRANSIT: _("On its way"),
        State.ON_SHELF: _("On the hold shelf"),
        State.NOTIFIED: _("Notified"),
        State.FULFILLED: _("Fulfilled"),
        State.EXPIRED: _("Expired"),
        State.CANCELLED: _("Cancelled"),
    }


def skips() -> Words:
    return {
        Skip.SUSPENDED: _("Suspended"),
        Skip.EXPIRED: _("The registration has expired"),
        Skip.BLOCKED: _("Lending is blocked"),
        Skip.LIMIT: _("The limit of loans is reached"),
        Skip.SEQUENCE: _("The earlier volume is not ready"),
        Skip.EITHER: _("Another title of the group is ready"),
        Skip.NO_RULE: _("Not lent to this patron category"),
    }


def call_results() -> Words:
    return {
        Call.Result.SELF: _("Spoke with the patron"),
        Call.Result.FAMILY: _("Message left with the family (no title)"),
        Call.Result.ABSENT: _("Nobody at home"),
        Call.Result.UNREACHABLE: _("Cannot be reached"),
    }


def notice_states() -> Words:
    return {
        Notice.State.WAITING: _("Waiting"),
        Notice.State.SENDING: _("Result of the sending unknown"),
        Notice.State.SENT: _("Sent"),
        Notice.State.FAILED: _("Could not be sent"),
        Notice.State.WITHDRAWN: _("Withdrawn"),
    }


def cancellations() -> Words:
    """Why staff cancel a hold; what the patron reads of it."""
    return {
        EndedHold.Why.CANCELLED: _("By the library"),
        EndedHold.Why.UNOBTAINABLE: _("It cannot be obtained any more"),
        "": _("The patron wishes it"),
    }


def decisions() -> Words:
    return {
        TitleRequest.Decision.BUY: _("Buy"),
        TitleRequest.Decision.BORROW: _("Borrow from another library"),
        TitleRequest.Decision.REFUSE: _("Refuse"),
    }
