"""What the notices of circulation say. No subject names a title; a text is made when it is sent."""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shoko_ils.catalog.models import Record
from shoko_ils.circulation.models import ClosingNotice
from shoko_ils.circulation.services import closing_mail, overdue, overdue_mail
from shoko_ils.core.models import CalendarException
from shoko_ils.holds.policy import policy
from shoko_ils.notices import kinds
from shoko_ils.notices.models import Notice
from shoko_ils.notices.wording import closing_lines


def register() -> None:
    kinds.register(
        closing_mail.CLOSING,
        kinds.Kind(lambda: _("The library is closed: your dates move"), _closed, closing_mail.told),
    )
    kinds.register(
        overdue_mail.OVERDUE, kinds.Kind(lambda: _("Please return what is past due"), _overdue, overdue_mail.told)
    )


def _overdue(notice: Notice) -> str | None:
    """How many items are past due and since when; titles in a mail only where the site has decided so."""
    loans = list(overdue.being_told(timezone.localdate()).filter(patron=notice.patron_id).order_by("due_on", "pk"))
    if not loans:
        return None
    lines = [
        ngettext("%(n)d item that you borrowed is past its due date.", "%(n)d items that you borrowed are past their"
                 " due dates.", len(loans)) % {"n": len(loans)},
        _("The earliest due date was %(day)s. Please return it to any library.") % {
            "day": date_format(loans[0].due_on, "DATE_FORMAT")},
    ]  # fmt: skip
    if notice.way == Notice.Way.MAIL and policy().titles_in_mail:
        lines += [
            _("Title: %(title)s") % {"title": title}
            for title in Record.objects.filter(items__loans__in=loans).order_by("pk").values_list("title", flat=True)
        ]
    return "\n".join([*lines, *closing_lines()])


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
