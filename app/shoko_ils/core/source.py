"""Where a request comes from, as our own nginx on the same host names it, and whether the site has it as its own."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def address(request: HttpRequest) -> str:
    """The address of the person's machine; X-Real-IP is believed from this host alone."""
    peer = request.META.get("REMOTE_ADDR", "")
    local = not peer or peer in ("127.0.0.1", "::1")
    return (local and request.headers.get("X-Real-IP")) or peer or "unknown"


def counted(request: HttpRequest) -> str:
    """The source by which failures are counted: an IPv6 line by its /64, since each has 2^64 addresses to change to.

    An IPv4 address stands for itself, also when it is written as IPv6; so does what is no address.
    """
    try:
        here = ipaddress.ip_address(address(request))
    except ValueError:
        return address(request)
    if isinstance(here, ipaddress.IPv4Address):
        return str(here)
    if here.ipv4_mapped is not None:
        return str(here.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(here), 64), strict=False).network_address)


def within(request: HttpRequest, networks: Iterable[str], key: str) -> bool:
    """Whether it lies in one of the networks of the site file's `key`; an unreadable address lies in none."""
    known = read(tuple(networks), key)
    try:
        here = ipaddress.ip_address(address(request))
    except ValueError:
        return False
    return any(here in network for network in known)


@lru_cache(maxsize=8)
def read(networks: tuple[str, ...], key: str) -> tuple[Network, ...]:
    """Networks in CIDR form; raises ImproperlyConfigured for what is none."""
    try:
        return tuple(ipaddress.ip_network(each) for each in networks)
    except ValueError as error:
        raise ImproperlyConfigured(f"site file: {key}: {error}") from error
