"""Words of the counter: each outcome in one line, and what to do next."""

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _

from shoko_ils.circulation.services import Outcome, Result
from shoko_ils.holds import words as holds


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

    @property
    def word(self) -> str:
        return {"done": _("Done"), "note": _("Note"), "stop": _("Stop")}[self.kind]


def _texts(code: str, library: str) -> tuple[str, str]:
    """Headline and advice of an outcome or of a mistake at the scan field."""
    texts = {
        Outcome.LENT: (_("Lent"), ""),
        Outcome.SHELVE: (_("To the shelf"), ""),
        Outcome.SEND_HOME: (_("Other library → send to %(library)s") % {"library": library}, ""),
        Outcome.NOT_OUT: (_("Was not on loan → to the shelf"), ""),
        Outcome.NOT_OUT_SEND_HOME: (
            _("Was not on loan → send to %(library)s") % {"library": library},
            "",
        ),
        Outcome.ALREADY_YOURS: (_("Already lent to this patron"), ""),
        Outcome.ON_LOAN: (_("This item is on loan"), _("Take it back first (F3), then lend it.")),
        Outcome.UNKNOWN_ITEM: (_("Unknown item number"), _("Put the item into the exception tray.")),
        Outcome.LIBRARY_USE_ONLY: (_("Library use only"), _("It may be read in the library.")),
        Outcome.NOT_LENDABLE: (_("This item cannot be lent now"), _("It is in processing or withdrawn.")),
        Outcome.PATRON_EXPIRED: (
            _("The registration has expired"),
            _("Confirm the address and renew the registration."),
        ),
        Outcome.LIMIT_REACHED: (_("The limit of loans is reached"), ""),
        Outcome.NO_RULE: (
            _("No loan rule covers this patron and library"),
            _("Tell the officer in charge of the rules."),
        ),
        "stop-unreadable": (_("The scan could not be read"), _("Please scan again.")),
        "stop-card-first": (_("Scan the patron card first"), ""),
        "stop-unknown-card": (_("Unknown patron card"), _("Find the patron by name (F4).")),
        "stop-old-card": (_("This is an old card"), _("Ask for the new card, or issue one.")),
        "stop-card-in-return": (_("This is a patron card"), _("Scan the item. To lend, press F2.")),
        "stop-unknown-outcome": (
            _("The result is not known yet"),
            _("Press Enter once more. Nothing happens twice."),
        ),
    }
    return texts[code]


def notice(result: Result | str, scan: str = "") -> Notice:
    """The notice for a result of a service, or for a mistake by its code."""
    if isinstance(result, str):
        headline, advice = _texts(result, "")
        return Notice(result.partition("-")[0], headline, advice, barcode=scan)
    item = result.item
    headline, advice = holds.texts(result) or _texts(result.outcome, str(item.library) if item else "")
    return Notice(
        kind=result.outcome.kind,
        headline=headline,
        advice=advice,
        title=item.record.title if item else "",
        call_number=item.call_number if item else "",
        barcode=item.barcode if item else scan,
        due_on=result.due_on,
    )
