"""What the notice to a former address says. The new address is not in it."""

from django.utils.translation import gettext as _

from shoko_ils.notices import kinds
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Notice
from shoko_ils.notices.wording import closing_lines
from shoko_ils.patrons.services import contact


def register() -> None:
    kinds.register(
        contact.CHANGED,
        kinds.Kind(
            lambda: _("Your e-mail address was changed"),
            _text,
            lambda change, day: notices.settle(contact.CHANGED, change),
            kinds.nothing,
        ),
    )


def _text(notice: Notice) -> str | None:
    lines = [
        _("The library no longer has this address for you: it was changed or removed in My Library."),
        _("If it was not you, please tell the library at once and register a new password."),
    ]
    return "\n".join([*lines, *closing_lines()])
