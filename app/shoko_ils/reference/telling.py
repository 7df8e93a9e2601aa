"""The notice that an answer waits in My Library: that there is one, and nothing of it."""

import datetime as dt

from django.utils.translation import gettext as _

from shoko_ils.notices import kinds
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Notice
from shoko_ils.notices.wording import closing_lines
from shoko_ils.reference import services


def register() -> None:
    kinds.register(services.ANSWERED, kinds.Kind(lambda: _("There is an answer"), _text, _delivered, kinds.nothing))


def _text(notice: Notice) -> str | None:
    return "\n".join([_("There is an answer to your question. Please read it in My Library."), *closing_lines()])


def _delivered(number: int, day: dt.date) -> None:
    notices.settle(services.ANSWERED, number)
