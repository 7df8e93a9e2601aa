"""Words for the codes of an enquiry."""

from django.utils.translation import gettext_lazy as _

from shoko_ils.enquiries.models import Enquiry

KIND = {
    Enquiry.Kind.INVESTIGATION: _("Inquiry of an investigation (Code of Criminal Procedure, article 197(2))"),
    Enquiry.Kind.WARRANT: _("Warrant of a judge"),
    Enquiry.Kind.BAR: _("Inquiry of a bar association (Attorneys Act, article 23-2)"),
    Enquiry.Kind.OTHER: _("Other, or without a document"),
}
ASKED = {
    Enquiry.Asked.REGISTRATION: _("Whether somebody is registered, and what is registered"),
    Enquiry.Asked.ON_LOAN: _("What somebody has on loan"),
    Enquiry.Asked.FORMER_LOANS: _("What somebody borrowed before"),
    Enquiry.Asked.BORROWER: _("Who has or had an item"),
    Enquiry.Asked.HOLDS: _("Holds and requests"),
    Enquiry.Asked.REFERENCE: _("Reference questions"),
    Enquiry.Asked.VISITS: _("Whether somebody was in the library"),
    Enquiry.Asked.TERMINALS: _("Log-ins and use of terminals"),
    Enquiry.Asked.OTHER: _("Something else (see the document)"),
}
OUTCOME = {
    Enquiry.Outcome.DECLINED: _("Declined"),
    Enquiry.Outcome.NOT_KEPT: _("Nothing of it is kept"),
    Enquiry.Outcome.GIVEN: _("Given under the warrant"),
    Enquiry.Outcome.BREACH: _("Given (without a warrant)"),
}
REFUSALS = {
    "gone": _("There is no such entry"),
    "corrected": _("This entry was corrected before"),
    "closed": _("This entry was answered or corrected before"),
    "no-warrant": _("This enquiry is no warrant: what was given for it was given without one"),
    "warrant": _("This enquiry is a warrant"),
    "before": _("The answer cannot be older than the enquiry"),
}
