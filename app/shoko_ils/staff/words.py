"""Words of the codes on the screens of staff accounts."""

from django.utils.translation import gettext_lazy as _

from shoko_ils.staff.models import AuthorityRequest
from shoko_ils.staff.operator import Outcome

KIND = {
    AuthorityRequest.Kind.REGISTER: _("New account"),
    AuthorityRequest.Kind.CHANGE: _("Change of job, section or library"),
    AuthorityRequest.Kind.GRANT: _("Assign a duty"),
    AuthorityRequest.Kind.REVOKE: _("Take a duty away"),
    AuthorityRequest.Kind.END: _("End of the account"),
    AuthorityRequest.Kind.FACTOR: _("Second factor lost: set it up anew"),
}
REASON = {
    AuthorityRequest.Reason.JOINED: _("Joined"),
    AuthorityRequest.Reason.MOVED: _("Transferred"),
    AuthorityRequest.Reason.DUTY: _("Change of duties"),
    AuthorityRequest.Reason.LEFT: _("Retired or contract ended"),
    AuthorityRequest.Reason.INCIDENT: _("Accident or suspected misuse"),
    AuthorityRequest.Reason.LOST: _("Telephone or recovery codes lost"),
}
DUTY = {
    "overdue": _("Overdue notices"),
    "cataloguing": _("Cataloguing"),
    "patron-lists": _("Work lists of patrons"),
    "disclosure": _("Register of disclosure requests"),
}
REFUSALS = {
    "own-rights": _("Nobody asks for a change of his own rights"),
    "id-taken": _("This ID is in use or was used before"),
    "no-level": _("The site has no permission level for this job"),
    "duty": _("This duty does not exist"),
    "not-level-4": _("Duties are assigned to persons of level 4"),
    "days": _("The last day is before the first"),
    "second-person": _("A second person of level 1 is needed, and not the one it is about"),
    "closed": _("This request is closed"),
}
OPERATOR = {
    Outcome.TERMINAL_CLOSED: _(
        "This terminal has not been opened today. An officer logs in with password and code first."
    ),
    Outcome.WRONG: _("Card or PIN is wrong"),
    Outcome.SHUT: _("The PIN is shut after five wrong ones. Log in with the password and set a new one."),
}
