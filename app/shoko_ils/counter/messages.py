"""Words of the counter: each outcome in one line, and what to do next."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from shoko_ils.circulation.services import Outcome, Result
from shoko_ils.holdings.barcode import ITEM_DIGITS
from shoko_ils.holdings.models import Item
from shoko_ils.holds import words as holds

WORDS = {"done": _("Done"), "note": _("Attention"), "stop": _("Stop")}


@dataclass(frozen=True)
class Notice:
    """A result as the counter shows it. `kind` is done, note or stop; colour never stands alone."""

    kind: str
    headline: str
    advice: str = ""
    title: str = ""
    call_number: str = ""
    barcode: str = ""
    due_on: dt.date | None = None
    accompanying: str = ""
    accompanying_count: int = 0
    item_note: str = ""
    # asked below it until it is decided
    asked: bool = False
    # says nothing of a person: who may know nothing of persons reads it too
    of_no_person: bool = False

    @property
    def word(self) -> str:
        return str(WORDS[self.kind])


# headline and advice of an outcome or of a mistake at the scan field; `library` is the one that owns the item
TEXTS: dict[str, tuple[Any, Any]] = {
    Outcome.LENT: (_("Lent"), ""),
    Outcome.SET_LENT: (_("The whole set is lent"), ""),
    Outcome.UNKNOWN_SET: (_("No set of this number, or nothing in it"), _("Look at the list of sets.")),
    Outcome.SET_FOR_GROUPS: (_("Sets are lent to groups only"), _("Lend the items one by one.")),
    Outcome.SET_OUT: (_("Not all of the set is back yet"), _("What is here can be lent item by item.")),
    Outcome.SET_YOURS: (_("This group has items of the set"), _("What is here can be lent item by item.")),
    Outcome.SET_RENEWED: (_("All that is out of the set is renewed"), ""),
    Outcome.SET_PARTLY_RENEWED: (
        _("Part of the set could not be renewed"),
        _("What keeps its due date is listed below."),
    ),
    Outcome.SET_NOT_RENEWED: (_("Nothing of the set could be renewed"), _("The reasons are listed below.")),
    Outcome.SHELVE: (_("To the shelf"), ""),
    Outcome.SEND_HOME: (_("Other library → send to %(library)s"), ""),
    Outcome.NOT_OUT: (_("Was not on loan → to the shelf"), ""),
    Outcome.NOT_OUT_SEND_HOME: (
        _("Was not on loan → send to %(library)s"),
        "",
    ),
    Outcome.ALREADY_YOURS: (_("Already lent to this patron"), ""),
    Outcome.ON_LOAN: (
        _("This item is on loan: it came back without a return"),
        _("Go on with “Return it and lend it” below. Where that is not offered, take it back first (F3)."),
    ),
    Outcome.UNKNOWN_ITEM: (_("Unknown item number"), _("Put the item into the exception tray.")),
    Outcome.LIBRARY_USE_ONLY: (_("Library use only"), _("It may be read in the library.")),
    Outcome.NOT_LENDABLE: (_("This item cannot be lent now"), _("It is in processing or withdrawn.")),
    Outcome.PATRON_EXPIRED: (
        _("The registration has expired"),
        _("Confirm the address and renew the registration."),
    ),
    Outcome.LIMIT_REACHED: (_("The limit of loans is reached"), _("Exception: F7")),
    Outcome.CLASS_LIMIT_REACHED: (_("The limit for this material is reached"), _("Exception: F7")),
    Outcome.BLOCKED: (_("Lending is blocked"), _("The reason is on the patron's page. Exception: F7")),
    Outcome.OVERDUE: (_("Items are long past due: no lending"), _("Ask to return them first. Exception: F7")),
    Outcome.RENEWED: (_("Renewed"), ""),
    Outcome.NOT_THEIRS: (_("Not on loan to this patron"), ""),
    Outcome.ITEM_OVERDUE: (_("Past due: cannot be renewed"), _("It must be returned.")),
    Outcome.OTHER_OVERDUE: (
        _("Something else is past due: cannot be renewed"),
        _("Ask to return it first. Exception: F7"),
    ),
    Outcome.RENEWALS_USED: (_("It has been renewed as often as allowed"), ""),
    Outcome.RENEWAL_NO_GAIN: (
        _("A renewal would not change the due date"),
        _("It is not counted. Renew later, before the due date."),
    ),
    Outcome.HELD_BACK: (_("Return pending check: the loan stays open"), _("To be decided by the day below.")),
    Outcome.PENDING: (_("This return is pending a check"), _("An officer decides it.")),
    Outcome.DECLARED_LOST: (_("Recorded as lost"), _("The loan stays open until it is settled.")),
    Outcome.UNDONE: (_("The return is undone: on loan again"), _("Keep the item here.")),
    Outcome.NOTHING_TO_UNDO: (_("The return can no longer be undone"), _("Lend it again with the patron card.")),
    Outcome.FOUND_MISSING: (_("A missing item has turned up"), _("Hand it to the officer in charge.")),
    Outcome.FOUND_LOST: (_("The lost item was found: returned"), _("Hand it to the officer in charge.")),
    Outcome.COMPENSATED: (_("Was settled as lost → officer in charge"), ""),
    Outcome.WITHDRAWN: (_("Withdrawn item → officer in charge"), ""),
    Outcome.TO_OFFICE: (_("In processing or damaged → office"), ""),
    Outcome.NOT_ON_LOAN: (_("Was not on loan"), _("Hand it to the officer in charge.")),
    Outcome.DATE_BEFORE_LOAN: (_("It was lent after that day"), _("Check the day of the return.")),
    Outcome.NO_RULE: (
        _("No loan rule covers this patron, material and library"),
        _("Tell the officer in charge of the rules."),
    ),
    "note-holds-ready": (_("Holds are ready here for this patron"), _("Fetch them from the hold shelf.")),
    "done-may-lend": (_("Items can be lent"), ""),
    "stop-call-staff": (_("Call a member of staff"), ""),
    "stop-unreadable": (_("The scan could not be read"), _("Please scan again.")),
    "stop-card-first": (_("Scan the patron card first"), ""),
    "stop-unknown-card": (_("Unknown patron card"), _("Find the patron by name (F4).")),
    "stop-old-card": (_("This is an old card"), _("Ask for the new card, or issue one.")),
    "stop-card-in-return": (_("This is a patron card"), _("Scan the item. To lend, press F2.")),
    "stop-misread-card": (
        _("The number of a patron card was not read correctly"),
        _("Nobody stands at the counter now: scan the card again, then the items."),
    ),
    "stop-set-in-return": (_("This is the number of a set"), _("Scan its items one by one. To lend it, press F2.")),
    "stop-staff-card": (_("This is a staff card"), _("For an exception, press F7; to change the operator, F10.")),
    "stop-of-lending": (_("This barcode belongs to the lending window"), _("To lend, press F2.")),
    "stop-nothing-asked": (_("Nothing is asked that this answers"), _("Scan the item again.")),
    "stop-undecided": (
        _("Not decided yet whether to lend"),
        _("Answer yes or no below, or scan the card of the next patron."),
    ),
    "stop-late": (_("The day or the reason is missing or too far back"), _("Enter day and reason, then scan.")),
    "stop-no-permit": (_("An officer (level 1 or 2) has to confirm"), _("Card and PIN of the officer.")),
    "stop-unknown-undo": (_("The result is not known yet"), _("Press F8 once more. Nothing happens twice.")),
    "stop-unknown-list": (
        _("The result is not known yet"),
        _("Look at the list before you repeat it: it may have been done."),
    ),
    "stop-unknown-outcome": (
        _("The result is not known yet"),
        _("Press Enter once more. Nothing happens twice."),
    ),
}

# what level 3, who may know no person (S1:L33), reads in the lending window; instead of all else: call a colleague
OF_NO_PERSON = frozenset(
    {
        Outcome.LENT,
        Outcome.SET_LENT,
        Outcome.SET_RENEWED,
        # of a group's set; why it is not renewed is said item by item, or not
        Outcome.SET_PARTLY_RENEWED,
        Outcome.SET_NOT_RENEWED,
        Outcome.RENEWED,
        Outcome.ALREADY_YOURS,
        Outcome.SET_YOURS,
        Outcome.ON_LOAN,
        Outcome.UNKNOWN_ITEM,
        Outcome.LIBRARY_USE_ONLY,
        Outcome.NOT_LENDABLE,
        Outcome.UNKNOWN_SET,
        Outcome.SET_OUT,
        Outcome.PENDING,
        Outcome.HELD,
        Outcome.HOLDS_WAIT,
        Outcome.HOLDS_NEED_IT,
        Outcome.RENEWAL_HOLDS,
        *("done-may-lend", "stop-unreadable", "stop-card-first", "stop-misread-card", "stop-staff-card"),
        *("stop-nothing-asked", "stop-undecided", "stop-late", "stop-no-permit", "stop-unknown-outcome"),
    }
)


def _texts(code: str, item: Item | None) -> tuple[str, str]:
    """Headline and advice in the language of the page."""
    headline, advice = (str(text) for text in TEXTS[code])
    if "%(library)s" in headline:
        headline %= {"library": item.library if item else "…"}
    return headline, advice


def title_of(item: Item) -> str:
    """Title with volume: two volumes of a work must not look alike."""
    return item.title


def texts(outcome: Outcome) -> str:
    """The headline of an outcome, where its item is not at hand."""
    known = {Outcome.HOLD_SHELF: _("Hold → hold shelf"), Outcome.HOLD_TRANSIT: _("Hold → send to the pickup library")}
    if outcome in known:
        return str(known[outcome])
    fixed = holds.texts(Result(outcome)) or _texts(outcome, None)
    return fixed[0]


def notice(result: Result | str, scan: str = "") -> Notice:
    """The notice for a result of a service, or for a mistake by its code."""
    if isinstance(result, str):
        headline, advice = _texts(result, None)
        kind = result.partition("-")[0]
        return Notice(kind, headline, advice, barcode=scan, of_no_person=result in OF_NO_PERSON)
    item = result.item
    headline, advice = holds.texts(result) or _texts(result.outcome, item)
    kind = result.outcome.kind
    return Notice(
        # what comes with an item must be looked at: the two tones of a note
        kind="note" if kind == "done" and item and item.accompanying_count else kind,
        headline=headline,
        advice=advice,
        title=title_of(item) if item else "",
        call_number=item.call_number if item else "",
        barcode=item.barcode if item else scan,
        due_on=result.due_on,
        accompanying=item.accompanying if item else "",
        accompanying_count=item.accompanying_count if item else 0,
        item_note=item.note if item else "",
        asked=result.outcome is Outcome.HOLDS_WAIT,
        of_no_person=result.outcome in OF_NO_PERSON,
    )


def without_person(shown: Notice) -> Notice:
    """What level 3 reads: the same, or for whatever is about a person one sentence and the scanned item."""
    shown = without_card(shown)
    if shown.of_no_person:
        return shown
    called = notice("stop-call-staff")
    return replace(called, title=shown.title, call_number=shown.call_number, barcode=shown.barcode)


def without_card(shown: Notice) -> Notice:
    """The same, but for a number that may be that of a card."""
    return replace(shown, barcode=of_item(shown.barcode))


def of_item(scan: str) -> str:
    """A scan as level 3 reads it: the number of an item or nothing, because a card may be read wrongly or in part."""
    return scan if len(scan) == ITEM_DIGITS and scan.isdigit() else ""
