"""What the notice with a code says. The code is made for this very copy of the text."""

import datetime as dt

from django.utils.translation import gettext as _

from shoko_ils.mylibrary import codes
from shoko_ils.notices import kinds
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Notice
from shoko_ils.notices.wording import closing_lines


def register() -> None:
    kinds.register(
        codes.KIND,
        kinds.Kind(lambda: _("Code for the registration of a password"), _text, _delivered, kinds.nothing),
    )


def _text(notice: Notice) -> str | None:
    patron = notice.patron
    if patron is None:
        return None
    by_mail = notice.way == Notice.Way.MAIL
    code = codes.new_code(patron, codes.BY_MAIL if by_mail else codes.BY_POSTCARD)
    lines = [
        _("Code: %(code)s") % {"code": f"{code[:5]}-{code[5:]}"},
        _("It can be used for one hour.") if by_mail else _("It can be used for fourteen days."),
        _("Type it with your card number on the page for the registration of a password."),
        _("If you have not asked for it, you need not do anything."),
    ]
    return "\n".join([*lines, *closing_lines()])


def _delivered(patron_id: int, day: dt.date) -> None:
    notices.settle(codes.KIND, patron_id)
