"""What the site asks of a log-in: site file, key `authority`.

`second_factor` (nobody works without one, unless it is false), `password_days` (rotation, S4:L401; 0 or absent: none),
`sources` (networks in CIDR form; absent: any).
"""

import datetime as dt

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from shoko_ils.core import source
from shoko_ils.staff.models import StaffAccount


def second_factor_required() -> bool:
    return bool(settings.SITE.get("authority", {}).get("second_factor", True))


def password_is_due(account: StaffAccount) -> bool:
    """Whether the password must be changed before anything else: an initial one, or older than the site allows."""
    days = int(settings.SITE.get("authority", {}).get("password_days", 0))
    since = account.password_changed_on or account.registered_on
    return account.initial_password or bool(days and timezone.localdate() - since >= dt.timedelta(days=days))


def source_allowed(request: HttpRequest) -> bool:
    """Whether the site lets staff in from this terminal."""
    networks = settings.SITE.get("authority", {}).get("sources", ())
    return not networks or source.within(request, networks, "authority.sources")
