"""What the notices about holds and requests say. No subject names a title; a text is made when it is sent."""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from shoko_ils.holds.models import SHELVED, Hold
from shoko_ils.holds.policy import policy
from shoko_ils.holds.services import requests, shelf
from shoko_ils.notices import kinds
from shoko_ils.notices.models import Notice
from shoko_ils.notices.wording import closing_lines


def register() -> None:
    kinds.register(shelf.READY, kinds.Kind(lambda: _("An item is ready for you"), _ready, shelf.told))
    kinds.register(
        requests.ANSWER,
        kinds.Kind(
            lambda: _("There is an answer to your request"),
            _answer,
            lambda number, day: requests.end(number),
            requests.end,
        ),
    )


def _ready(notice: Notice) -> str | None:
    """Library, pickup limit and link; the title only where the site has decided so. None: no longer on the shelf."""
    hold = (
        Hold.objects.select_related("pickup_library", "pickup_point", "record")
        .filter(pk=notice.about, state__in=SHELVED)
        .first()
    )
    if hold is None:
        return None
    until = hold.pickup_by or shelf.limit(hold.pickup_library, timezone.localdate(), policy().pickup_days)
    lines = [
        _("An item that you have a hold on is ready: 1 item."),
        _("Pickup library: %(place)s") % {"place": hold.pickup},
        _("Pick it up by: %(day)s") % {"day": date_format(until, "DATE_FORMAT")},
    ]
    if policy().titles_in_mail:
        lines.append(_("Title: %(title)s") % {"title": hold.title})
    return "\n".join([*lines, *closing_lines()])


def _answer(notice: Notice) -> str | None:
    return "\n".join(
        [_("There is an answer to your request for a title. Please ask at the counter."), *closing_lines()]
    )
