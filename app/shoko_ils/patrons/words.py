"""Words of the codes on the screens of patrons. Keys are the codes that are stored."""

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from shoko_ils.patrons import declared
from shoko_ils.patrons.models import Card, ErasureCertificate, Patron, SubjectRequest

CONTACT = {
    Patron.Contact.EMAIL: _("Mail"),
    Patron.Contact.PHONE: _("Telephone call"),
    Patron.Contact.NONE: _("Not wished"),
}
KIND = {Patron.Kind.PERSON: _("Person"), Patron.Kind.GROUP: _("Group")}
CARD_REASON = {
    Card.Reason.LOST: _("Lost"),
    Card.Reason.DAMAGED: _("Damaged"),
    Card.Reason.STOLEN: _("Stolen"),
    Card.Reason.RENUMBERED: _("Numbers were changed"),
    Card.Reason.HANDED_IN: _("Handed in"),
}
PRIMARY_REASON = {
    Patron.PrimaryReason.COMPUTED: _("As by law"),
    Patron.PrimaryReason.DEFERRED: _("School entry deferred"),
    Patron.PrimaryReason.REPEATED: _("Repeats a year"),
}
ERASURE_REASON = {
    ErasureCertificate.Reason.ASKED: _("Asked for by the person"),
    ErasureCertificate.Reason.MOVED: _("Moved away"),
    ErasureCertificate.Reason.UNUSED: _("Not used for years"),
    ErasureCertificate.Reason.DUPLICATE: _("Registered twice"),
    ErasureCertificate.Reason.DECEASED: _("Deceased"),
}
REQUEST_KIND = {
    SubjectRequest.Kind.DISCLOSURE: _("Disclosure"),
    SubjectRequest.Kind.CORRECTION: _("Correction"),
    SubjectRequest.Kind.CEASE: _("Cease of use"),
}
IDENTITY = {
    SubjectRequest.Identity.LICENCE: _("Driving licence"),
    SubjectRequest.Identity.INDIVIDUAL_NUMBER_CARD: _("Individual number card (the number is not noted)"),
    SubjectRequest.Identity.PASSPORT: _("Passport"),
    SubjectRequest.Identity.INSURANCE: _("Certificate of health insurance"),
    SubjectRequest.Identity.AGENT: _("Agent with a proxy"),
}
EXTENSION = {
    SubjectRequest.Extension.DIFFICULT: _("Difficult to handle in time"),
    SubjectRequest.Extension.THIRD_PARTY: _("A third party has to be asked"),
}
DECISION = {
    SubjectRequest.Decision.GRANTED: _("Granted"),
    SubjectRequest.Decision.PARTLY: _("Partly granted"),
    SubjectRequest.Decision.REFUSED: _("Refused"),
    SubjectRequest.Decision.WITHDRAWN: _("Withdrawn"),
}
# table with something open → what it is; any other is "another matter"
MATTERS = {
    "loan": _("Loans"),
    "hold": _("Holds"),
    "title_request": _("Title requests"),
    "notice": _("Notices under way"),
    "return_case": _("Returns pending check"),
}
OTHER_MATTER = _("Another open matter")
REFUSALS = {
    "card-unreadable": _("This is not the number of a patron card"),
    "card-taken": _("This card number is already in use or spent"),
    "card-not-valid": _("This card is not valid any more"),
    "card-one-only": _("This person has a valid card already"),
    "not-declared": _("This library does not store this item"),
    "kind": _("A person does not become a group"),
    "application-gone": _("This application has become a registration elsewhere, or was erased"),
    "gone": _("This patron has been erased meanwhile"),
    "still-open": _("Something is still open. Settle it first."),
    "no-birth-date": _("Enter the date of birth first"),
    "not-a-year-end": _("The last day is 31 March"),
    "not-later": _("The day must be later than by law"),
    "request-closed": _("This request is closed"),
    "extended-before": _("This request was prolonged before"),
}
# what an erasure certificate lists
VALUES = {
    "patron.category_id": _("Category"),
    "patron.library_id": _("Registered at"),
    "patron.name": _("Name"),
    "patron.name_reading": _("Reading"),
    "patron.birth_date": _("Date of birth"),
    "patron.postal_code": _("Postal code"),
    "patron.address": _("Address"),
    "patron.phone": _("Telephone"),
    "patron.contact": _("Way of contact"),
    "patron.email": _("E-mail"),
    "patron.primary_until": _("Primary school pupil until"),
    "patron.primary_reason": _("Primary school pupil until"),
    "patron.guardian_name": _("Guardian"),
    "patron.registered_on": _("Registered on"),
    "patron.expires_on": _("Registration expiry"),
    "patron.confirmed_on": _("Address confirmed on"),
    "patron.used_in": _("Year of the last loan"),
    "card.number": _("Card number"),
    "card.issued_on": _("Card issued on"),
    "card.ended_on": _("Card ended on"),
    "card.ended_reason": _("Why the card ended"),
    "group_contact.name": _("Contact person"),
    "group_contact.phone": _("Telephone of the contact person"),
    "patron_note.code": _("Notes"),
    "patron_note.noted_on": _("Notes"),
}


def note_names(codes: list[str]) -> list[str]:
    """Words of coded notes; a code that the site no longer declares is shown as it is."""
    language, notes = "en" if get_language() == "en" else "ja", declared.site().notes
    return [notes[code][language] if code in notes else code for code in codes]
