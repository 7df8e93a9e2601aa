"""What the sheet says: what is not kept, what is kept until when. Periods are those that the code itself uses."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shoko_ils.core.management.commands.tidy import ITEMS_ON_PAPER
from shoko_ils.holds.housekeeping import ENDED_KEPT
from shoko_ils.mylibrary.applications import KEPT as APPLICATIONS_KEPT
from shoko_ils.mylibrary.housekeeping import QUESTIONER_KEPT
from shoko_ils.mylibrary.shown import ENDED_SHOWN
from shoko_ils.notices.housekeeping import FAILED_KEPT
from shoko_ils.patrons import declared

# the interval of the database's `undo_seal`; a test asks it
UNDO_MINUTES = 3
Line = tuple[str, str]


def gone(site: Mapping[str, Any]) -> list[Line]:
    """What there was and what becomes of it, or that there never is any of it."""
    mine = declared.site().has_my_library
    lines = [
        (
            _("Who borrowed an item that has come back"),
            _("The return itself erases it. For %(n)d minutes, if the wrong item was scanned, it can be undone from a"
              " sealed row that staff cannot read; the row goes with the next scan, in the night at the latest.")
            % {"n": UNDO_MINUTES},
        ),
        (_("The loan itself, without the borrower"), _("Removed in the night after the return.")),
        (
            _("Who had a hold that has ended, and on what"),
            _("The person leaves when it ends. What remains is removed %(n)d days later.") % {"n": ENDED_KEPT.days},
        ),
        (
            _("What a notice said"),
            _("The text is never stored. That it was for this person goes with its matter, or %(n)d days after it could"
              " not be delivered.") % {"n": FAILED_KEPT.days},
        ),
        (
            _("What was noted on paper while the line was down"),
            _("The card number goes when the slip is entered, the item number %(n)d days later.")
            % {"n": ITEMS_ON_PAPER.days},
        ),
        (
            _("Damage and compensation"),
            _("When the case is settled, person, contacts and photos are erased."),
        ),
        (
            _("Who asked a reference question at the counter or by telephone"),
            _("Never recorded. The question and the class of who asked are kept without a person."),
        ),
        (_("What was searched for in the catalogue, and by whom"), _("Never recorded.")),
        (
            _("Who entered the library and who left it"),
            _("Never recorded by this system. A card that is scanned at a counter leaves what the second table says."),
        ),
        (_("Statistics of lending"), _("Numbers of loans alone: no person, and never age and item together.")),
    ]  # fmt: skip
    if mine:
        lines += [
            (_("Passwords"), _("Only what a password can be compared with; nobody can read it.")),
            (
                _("Holds that ended without the patron's doing, as My Library says"),
                _("%(n)d days, readable by the patron alone.") % {"n": ENDED_SHOWN.days},
            ),
            (_("Log-ins to My Library"), _("The session is removed in the night after it ended.")),
        ]
    return [*lines, _history(site) if mine else (_("Reading history"), _("This library keeps none."))]


def _history(site: Mapping[str, Any]) -> Line:
    if not site.get("reading_history", False):
        return _("Reading history"), _("This library keeps none.")
    months = site.get("reading_history_months", 24)
    said = ngettext(
        "Only of who asked for it in My Library, for %(n)d month, readable by that patron alone.",
        "Only of who asked for it in My Library, for %(n)d months, readable by that patron alone.",
        months,
    )
    return _("Reading history"), said % {"n": months}


def while_open() -> list[Line]:
    """What is kept, and until when: a sheet that did not say so would not be believed."""
    here = declared.site()
    lines = [
        (
            _("The registration"),
            _("Until it is erased: at the person's wish, or by the library after %(n)d years without use.")
            % {"n": here.unused_years},
        ),
        (_("What is on loan, reserved or requested now"), _("Until it has come back, was picked up or has ended.")),
        (_("How many holds somebody has placed on a day"), _("Until the night, without any title.")),
        (_("Overdue notices"), _("Until the item has come back.")),
        (
            _("Restrictions on lending and their reason"),
            _("Until the registration is erased, also when they are over."),
        ),
        (
            _("Requests for disclosure, correction or suspension"),
            _("The person leaves when the registration is erased, whether decided or not."),
        ),
        (
            _("An application for registration"),
            _("%(n)d days, if it is not completed.") % {"n": APPLICATIONS_KEPT.days},
        ),
        (
            _("When and at which library a card was scanned at a counter, or a registration opened, and by whom of"
              " staff"),
            _("In the audit, which is not erased: without any title, under a number that leads to the person until the"
              " registration is erased, and to nobody afterwards."),
        ),
        (
            _("Of each request to the web pages: address of the device, time, and the first part of the page's path"),
            _("In the log servers, without a name, a title or what was searched for. How many days is decided where"
              " these servers are operated: this system does not know it."),
        ),
        (_("Backups"), _("They hold what there was on their day, until their own period is over.")),
    ]  # fmt: skip
    if here.has_my_library:
        mine = _("Titles under the person, until that patron takes them out or the registration is erased; readable by"
                 " that patron alone.")  # fmt: skip
        lines.insert(2, (_("Favourites in My Library"), mine))
    if here.asks_by_web:
        asked = _("Until %(n)d days after the answer; no page of staff shows who asked.") % {"n": QUESTIONER_KEPT.days}
        lines.insert(3, (_("Who asked a reference question by web"), asked))
    return lines


def fields() -> dict[str, str]:
    """Words for what a site may declare: see patrons.declared. A question is kept by every site, its person is not."""
    return {
        "birth_date": _("Date of birth"),
        "address": _("Address"),
        "phone": _("Telephone"),
        "email": _("E-mail"),
        "guardian": _("Guardian"),
        "password": _("Password"),
        "reading": _("Reading"),
        "postal_code": _("Postal code"),
        "contact": _("Way of contact"),
        "confirmed_on": _("Address confirmed on"),
        "used_in": _("Year of the last loan"),
        "notes": _("Notes"),
        "group_contact": _("Contact person"),
    }


def not_stored() -> list[str]:
    """What this site has not declared: the database refuses it."""
    site = declared.site()
    return [name for key, name in fields().items() if not site.has(key)]
