"""What the notices of circulation say. No subject names a title; a text is made when it is sent."""

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from shoko_ils.circulation.models import ClosingNotice
from shoko_ils.circulation.services import closing_mail
from shoko_ils.core.models import CalendarException
from shoko_ils.notices import kinds
from shoko_ils.notices.models import Notice
from shoko_ils.notices.wording import closing_lines


def register() -> None:
    kinds.register(
        closing_mail.CLOSING,
        kinds.Kind(lambda: _("The library is closed: your dates move"), _closed, closing_mail.told),
    )


def _closed(notice: Notice) -> str | None:
    """The libraries and days, how many dates moved and to when; None: told already, or over."""
    row = ClosingNotice.objects.filter(pk=notice.about).first()
    if row is None:
        return None
    lines = []
    for one in CalendarException.objects.filter(act=row.act).select_related("library").order_by("library__position"):
        first, last = (date_format(day, "DATE_FORMAT") for day in (one.first_on, one.last_on))
        lines.append(_("%(library)s is closed from %(first)s to %(last)s.") % {
            "library": one.library, "first": first, "last": last})  # fmt: skip
    if row.due_on:
        lines.append(_("Due dates moved: %(n)d, the first is now %(day)s.") % {
            "n": row.loans, "day": date_format(row.due_on, "DATE_FORMAT")})  # fmt: skip
    if row.pickup_by:
        lines.append(_("Pickup-by dates moved: %(n)d, the first is now %(day)s.") % {
            "n": row.holds, "day": date_format(row.pickup_by, "DATE_FORMAT")})  # fmt: skip
    return "\n".join([*lines, *closing_lines()])
