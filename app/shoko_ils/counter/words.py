"""Words for the codes of circulation, in the order in which a screen offers them."""

from django.utils.translation import gettext as _

from shoko_ils.circulation.models import CaseContact, LendingBlock, OverdueContact, PaperSlip, ReturnCase
from shoko_ils.circulation.models.overdue import Means
from shoko_ils.circulation.permit import PermitReason
from shoko_ils.circulation.services import LateReason
from shoko_ils.circulation.services.borrower import BorrowerReason
from shoko_ils.circulation.services.paper_work import Proposal
from shoko_ils.core.models import CalendarException
from shoko_ils.counter.operations import Operation
from shoko_ils.patrons.models import Patron

Words = dict[str, str]


def permit_reasons() -> Words:
    return {
        PermitReason.OFFICER: _("Decision of the officer in charge"),
        PermitReason.COURSE: _("For a class or reading circle"),
        PermitReason.CARER: _("On behalf of someone who cannot come"),
        PermitReason.DISASTER: _("Disaster or accident"),
        PermitReason.SYSTEM: _("Failure of line or equipment"),
    }


def late_reasons() -> Words:
    return {
        LateReason.LINE_DOWN: _("The line was down"),
        LateReason.POWER: _("Power or equipment failure"),
        LateReason.BOOKMOBILE: _("Bookmobile"),
        LateReason.OMISSION: _("Forgotten to enter"),
    }


def check_reasons() -> Words:
    return {
        ReturnCase.Reason.DIRTY: _("Soiled"),
        ReturnCase.Reason.DAMAGED: _("Torn or broken"),
        ReturnCase.Reason.WATER: _("Water damage"),
        ReturnCase.Reason.PARTS_MISSING: _("Accompanying item missing"),
        ReturnCase.Reason.LEFT_INSIDE: _("Something left inside"),
    }


def case_reasons() -> Words:
    return check_reasons() | {ReturnCase.Reason.LOST: _("Lost")}


def decisions() -> Words:
    return {
        ReturnCase.Decision.NOT_NEEDED: _("No compensation"),
        ReturnCase.Decision.REPAIR: _("Repair"),
        ReturnCase.Decision.SAME_COPY: _("Compensation with the same work"),
        ReturnCase.Decision.SUBSTITUTE: _("Compensation with another work"),
        ReturnCase.Decision.WAIVED: _("Waived (disaster)"),
    }


def all_decisions() -> Words:
    return decisions() | {ReturnCase.Decision.FOUND: _("Found")}


def case_means() -> Words:
    way = CaseContact.Means
    return {way.PHONE: _("Call"), way.COUNTER: _("At the counter"), way.EMAIL: _("Mail"), way.POSTCARD: _("Postcard")}


def case_results() -> Words:
    result = CaseContact.Result
    return {
        result.PATRON: _("Spoke with the patron"),
        result.AGREES: _("Offers compensation"),
        result.DISPUTES: _("Knows nothing of the damage"),
        result.FORM_RECEIVED: _("Report received"),
        result.FAMILY: _("Message left with the family (no title)"),
        result.ABSENT: _("Nobody at home"),
        result.UNREACHABLE: _("Cannot be reached"),
        result.SENT: _("Sent"),
    }


def case_refusals() -> Words:
    return {
        "closed": _("This case was decided or settled meanwhile."),
        "not-a-day": _("Enter a day between the opening of the case and today, the means and the result."),
        "too-many-photos": _("Four photos are kept of a case. Erase one first."),
        "too-large": _("The photo is larger than 10 MB. Take it with a lower resolution."),
        "too-many-pixels": _("The photo has more than 25 million points. Take it with a lower resolution."),
        "not-a-photo": _("This is no JPEG or PNG photo, or it is damaged. Choose another file."),
    }


def set_refusals() -> Words:
    return {
        "unknown": _("Unknown item number: nothing was put into the set"),
        "withdrawn": _("This item is withdrawn: nothing was put into the set"),
        "other-set": _("This item belongs to another set: nothing was put into this one"),
        "name": _("Enter a name of at most 80 characters"),
        "still-out": _("Items of this set are still out. Take them back first."),
    }


def means() -> Words:
    return {Means.EMAIL: _("Mail"), Means.POSTCARD: _("Postcard"), Means.PHONE: _("Call")}


def contacts() -> Words:
    """How patrons wish to be told."""
    return {Patron.Contact.EMAIL: _("Mail"), Patron.Contact.PHONE: _("Call"), Patron.Contact.NONE: _("Not wished")}


def contact_results() -> Words:
    return {
        OverdueContact.Result.PATRON: _("Spoke with the patron"),
        OverdueContact.Result.FAMILY: _("Message left with the family (no title)"),
        OverdueContact.Result.ABSENT: _("Nobody at home"),
        OverdueContact.Result.UNREACHABLE: _("Cannot be reached"),
        OverdueContact.Result.SAYS_RETURNED: _("Says it was returned"),
        OverdueContact.Result.SENT: _("Sent"),
    }


def all_contact_results() -> Words:
    return contact_results() | {OverdueContact.Result.TO_SEND: _("Waiting to be sent")}


def borrower_reasons() -> Words:
    return {
        BorrowerReason.OVERDUE: _("Overdue notice"),
        BorrowerReason.HOLD: _("A hold waits for it"),
        BorrowerReason.RETURN_CASE: _("Return pending check"),
        BorrowerReason.OWN_REQUEST: _("At the patron's own request"),
    }


def block_reasons() -> Words:
    return {
        LendingBlock.Reason.COMPENSATION: _("Compensation outstanding"),
        LendingBlock.Reason.ADDRESS: _("Address unknown"),
        LendingBlock.Reason.MISUSE: _("Misuse"),
    }


def exception_kinds() -> Words:
    return {
        CalendarException.Kind.CLOSED: _("Planned closing"),
        CalendarException.Kind.OPEN: _("Extra opening"),
        CalendarException.Kind.EMERGENCY: _("Emergency closing"),
    }


def exception_reasons() -> Words:
    reason = CalendarException.Reason
    return {
        reason.STOCKTAKING: _("Stocktaking closure"),
        reason.NEW_YEAR: _("New Year"),
        reason.WORKS: _("Building works"),
        reason.EVENT: _("Event"),
        reason.STORM: _("Typhoon or heavy rain"),
        reason.EARTHQUAKE: _("Earthquake"),
        reason.POWER: _("Power or equipment failure"),
        reason.DISEASE: _("Infectious disease"),
        reason.OTHER: _("Other"),
    }


def acts() -> Words:
    return {
        "lend": _("Loans"),
        "return": _("Returns"),
        "renew": _("Renewals"),
        "hold-back": _("Returns pending check"),
        "lost": _("Declared lost"),
        "settled": _("Checks and losses settled"),
    }


def slip_states() -> Words:
    state = PaperSlip.State
    return {state.DONE: _("Done"), state.CONFLICT: _("To be decided"), state.REJECTED: _("Put aside")}


def proposals() -> Words:
    return {
        Proposal.RETURN_FIRST: _("Return it first, then lend it"),
        Proposal.LENT_SINCE: _("It was lent again since: put aside. To accept ends that loan today and lends it"),
        Proposal.EXCEPTION: _("Lend as an exception"),
        Proposal.RELEASE_HOLD: _("Put the hold back into the queue at its place, and lend it"),
        Proposal.CORRECT: _("Enter it with the correct number"),
        Proposal.OLD_CARD: _("Lend it to the holder of the old card"),
        Proposal.RETURN_TODAY: _("It was lent after that day: put aside. To accept returns it today"),
        Proposal.AGAIN: _("Enter it once more when this is settled"),
    }


def operations() -> Words:
    return {
        Operation.LEND: _("Lend"),
        Operation.RETURN: _("Return"),
        Operation.RENEW: _("Renew"),
        Operation.HOLD_BACK: _("Pending check"),
        Operation.UNDO: _("Undo the last return"),
        Operation.FINISH: _("Finish"),
        Operation.YES: _("Yes"),
        Operation.NO: _("No"),
    }
