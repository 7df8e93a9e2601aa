"""Words for citizens: states of a hold, why a loan cannot be renewed, what an order came to."""

from django.utils.translation import gettext as _

from shoko_ils.circulation.services.results import Outcome
from shoko_ils.holds.models import State
from shoko_ils.holds.services.placing import Placing
from shoko_ils.holds.skips import Skip
from shoko_ils.notices.models import Notice
from shoko_ils.patrons import declared
from shoko_ils.patrons.models import Patron
from shoko_ils.vault.models import EndedHold

Words = dict[str, str]
# a citizen's five words; the rest has ended and left no row that is his
PREPARED, MOVING, READY = (State.CAPTURED,), (State.IN_TRANSIT,), (State.ON_SHELF, State.NOTIFIED)


def hold_state(state: str, rank: int | None) -> str:
    """順番待ち（n番目）, 準備中, 移送中, 受け取れます."""
    if state in PREPARED:
        return _("Being prepared")
    if state in MOVING:
        return _("Being moved")
    if state in READY:
        return _("Ready to pick up")
    if rank is None:
        return _("Waiting in line")
    return _("Waiting in line (number %(rank)s)") % {"rank": rank}


def passed_over(skip: str) -> str:
    """Why a hold is passed over for now, for whom it concerns; a suspension the page tells with its days."""
    told = {
        Skip.EXPIRED: _("Your registration has expired: copies go to others until it is renewed at a counter."),
        Skip.BLOCKED: _("Lending to you is stopped: copies go to others. Please ask at a counter."),
        Skip.LIMIT: _("You have borrowed as much as you may: copies go to others until you bring something back."),
        Skip.SEQUENCE: _("It waits for the title before it in your order."),
        Skip.EITHER: _("Another title that is enough for you is on its way."),
        Skip.NO_RULE: _("It is not lent to your patron category. Please ask at a counter."),
    }
    return told.get(Skip(skip), "")


def ended(why: str) -> str:
    """Why a hold ended: 取り置きの期限切れ, 不要期限, 図書館による取消, 提供できない."""
    told = {
        EndedHold.Why.NOT_PICKED_UP: _("It was not picked up in time. You may place the hold again."),
        EndedHold.Why.NOT_NEEDED: _("The day after which you do not need it has passed."),
        EndedHold.Why.CANCELLED: _("The library has cancelled it. Please ask at a counter."),
        EndedHold.Why.UNOBTAINABLE: _("It cannot be obtained any more."),
    }
    return told[EndedHold.Why(why)]


def way(code: str) -> str:
    """How a notice went out."""
    told = {Notice.Way.MAIL: _("e-mail"), Notice.Way.PHONE: _("telephone"), Notice.Way.POSTCARD: _("postcard")}
    return told[Notice.Way(code)]


def wish(contact: str) -> str:
    """How a patron wishes to be told that something is ready."""
    told = {
        Patron.Contact.EMAIL: _("e-mail"),
        Patron.Contact.PHONE: _("telephone"),
        Patron.Contact.NONE: _("nothing, I look here"),
    }
    return told[Patron.Contact(contact)]


def other_ways(contact: str) -> list[tuple[str, str]]:
    """What may be chosen for a hold instead of the way `contact` that is on file: code and word.

    An address is on file of who wishes mail and of nobody else; whether a number is, the desk knows.
    """
    if not contact or not declared.site().has("contact"):
        return []
    return [(way.value, wish(way)) for way in (Patron.Contact.PHONE, Patron.Contact.NONE) if way != contact]


def renewal(outcome: str) -> str:
    """Why a loan cannot be renewed."""
    told = {
        Outcome.RENEWAL_HOLDS: _("Somebody else waits for it"),
        Outcome.ITEM_OVERDUE: _("The due date has passed"),
        Outcome.OTHER_OVERDUE: _("Please return first what is past due"),
        Outcome.RENEWALS_USED: _("It cannot be renewed once more"),
        Outcome.RENEWAL_NO_GAIN: _("A renewal would not change the due date"),
        Outcome.PENDING: _("It is being checked at the library"),
        Outcome.PATRON_EXPIRED: _("Your registration has expired"),
    }
    return told.get(Outcome(outcome), _("Please ask at a counter"))


def placing(outcome: str) -> str:
    told = {
        Placing.ALREADY_HELD: _("You hold this title already."),
        Placing.ALREADY_LENT: _("You have this title on loan."),
        Placing.PATRON_EXPIRED: _("Your registration has expired. Please renew it at a counter."),
        Placing.NO_RIGHT: _("Holds on it are not open to your patron category."),
        Placing.LIMIT_REACHED: _("You have as many holds as are allowed."),
        Placing.DAY_LIMIT_REACHED: _("You have placed as many holds today as are allowed."),
        Placing.PICKUP_NOT_OFFERED: _("It cannot be picked up there. Please choose another place."),
        Placing.NO_COPY: _("No copy of it can be lent. You may request it instead."),
        Placing.SERIAL: _("Magazines are held by issue: please choose one on the page of the magazine."),
        Placing.CONTACT_NOT_ON_FILE: _("The library has no telephone number of yours. Please choose another way."),
        Placing.GROUP_OF_ONE: _("For this choice put two titles or more into the basket."),
    }
    return told[Placing(outcome)]


def said(code: str) -> tuple[str, str] | None:
    """Kind and text of what a page says after an act, by the code in its address; None for an unknown code."""
    told = {
        "renewed": ("done", _("The loan is renewed.")),
        "not-renewed": ("stop", _("It could not be renewed. The list says why.")),
        "changed": ("done", _("It is changed.")),
        "not-changed": ("stop", _("It could not be changed. It may be ready or have ended already.")),
        "late": ("note", _("This takes longer than usual. Please look here again in a moment.")),
        "days": ("stop", _("Please give the first and the last day.")),
        "contact": ("done", _("Your wish is noted.")),
        "contact-wrong": ("stop", _("This cannot be noted: an e-mail address or a telephone number is missing.")),
        "contact-password": ("stop", _("The address was not changed: the password is not right.")),
        "contact-kiosk": ("stop", _("The address cannot be changed on a terminal of a library.")),
        "read": ("done", _("The entry is removed.")),
        "kept": ("done", _("It is among your favourites.")),
        "dropped": ("done", _("It is no longer among your favourites.")),
        "history-on": ("done", _("From now on, what you borrow is kept in your reading history.")),
        "history-off": ("done", _("Your reading history is erased, and nothing more is kept.")),
        "requested": ("done", _("Your request is recorded.")),
        "request-ended": ("done", _("Your request is withdrawn.")),
        "asked": ("done", _("Your question has reached the library. The answer will be here.")),
    }
    return told.get(code)
