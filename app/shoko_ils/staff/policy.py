"""What the site asks of a log-in: site file, key `authority`.

`second_factor` (true: nobody works without one), `password_days` (rotation, S4:L401; 0 or absent: none), `sources`
(networks in CIDR form; absent: any).
"""

import datetime as dt
import ipaddress
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils import timezone

from shoko_ils.staff.models import StaffAccount

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def second_factor_required() -> bool:
    return bool(settings.SITE.get("authority", {}).get("second_factor", False))


def password_is_due(account: StaffAccount) -> bool:
    """Whether the password must be changed before anything else: an initial one, or older than the site allows."""
    days = int(settings.SITE.get("authority", {}).get("password_days", 0))
    since = account.password_changed_on or account.registered_on
    return account.initial_password or bool(days and timezone.localdate() - since >= dt.timedelta(days=days))


@lru_cache(maxsize=8)
def _networks(given: tuple[str, ...]) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(each) for each in given)
    except ValueError as error:
        raise ImproperlyConfigured(f"site file: authority.sources: {error}") from error


def source(request: HttpRequest) -> str:
    """The address of the terminal: our own nginx, on the same host, says it in X-Real-IP."""
    peer = request.META.get("REMOTE_ADDR", "")
    local = not peer or peer in ("127.0.0.1", "::1")
    return request.META.get("HTTP_X_REAL_IP", peer) if local else peer


def source_allowed(request: HttpRequest) -> bool:
    """Whether the site lets staff in from this terminal; an unreadable address is not one of the site's."""
    networks = _networks(tuple(settings.SITE.get("authority", {}).get("sources", ())))
    if not networks:
        return True
    try:
        address = ipaddress.ip_address(source(request))
    except ValueError:
        return False
    return any(address in network for network in networks)
