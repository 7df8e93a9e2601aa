"""The slice's `updates`, `resolver`, `time`, `logs` and `control`: what every managed host knows of the site."""

from __future__ import annotations

from collections.abc import Iterable

from shoko.declaration.model import Host, Leg
from shoko.policy.prefixes import collapse
from shoko.policy.rules import Json, sending_legs, text
from shoko.policy.view import View, addresses

PROXIES = "forward_proxies"
COLLECTORS = "log_collectors"
CONTROL = "control"
SUITES = ["trixie", "trixie-updates"]  # Debian 13, which the roles are written for
SECURITY_SUITES = ["trixie-security"]


def updates(view: View, host: Host) -> Json:
    """Where packages come from, and by which proxy; `proxy` is null on the proxies, which go out themselves."""
    source = view.declaration.updates
    proxy = None
    if PROXIES not in host.groups:
        reached = (item for item, _leg in view.opens(host.name, "proxy", PROXIES))
        proxy = next((f"http://{in_url(text(item.destinations[0]))}:{item.port}" for item in reached), None)
    return {
        "archive": source.archive,
        "security": source.security,
        "suites": SUITES,
        "security_suites": SECURITY_SUITES,
        "proxy": proxy,
    }


def resolver(view: View, host: Host) -> Json:
    """Name servers: the proxies for hosts with such a flow, upstream ones for the proxies, else none."""
    if PROXIES in host.groups:
        return {"servers": [str(address) for address in view.declaration.upstream_dns]}
    return {"servers": _distinct(leg for _item, leg in view.opens(host.name, "dns", PROXIES))}


def time(view: View, host: Host) -> Json:
    """Time servers to ask; on the proxies those upstream, and the prefixes that they answer."""
    if PROXIES in host.groups:
        asked = collapse(prefix for item, _leg in view.answers(host.name, "ntp") for prefix in item.sources)
        return {
            "servers": [],
            "serve": True,
            "allow": [text(prefix) for prefix in asked],
            "upstream": [str(address) for address in view.declaration.upstream_ntp],
        }
    servers = _distinct(leg for _item, leg in view.opens(host.name, "ntp", PROXIES))
    return {"servers": servers, "serve": False, "allow": [], "upstream": []}


def logs(view: View, host: Host) -> Json:
    """Collectors to send to (never itself), and on a collector who may send, each by name and by addresses."""
    collectors: dict[str, Leg] = {leg.host: leg for _item, leg in view.opens(host.name, "relp", COLLECTORS)}
    is_collector = COLLECTORS in host.groups
    senders = {
        leg.host
        for item, _leg in view.answers(host.name, "relp")
        for leg in sending_legs(view.declaration, item.source)
    }
    return {
        "port": view.port("relp"),
        "collectors": [
            {
                "name": name,
                "host_name": view.full_name(name),
                "address": addresses(leg.ipv4, leg.ipv6)[0],
                "addresses": addresses(leg.ipv4, leg.ipv6),
            }
            for name, leg in collectors.items()
        ],
        "is_collector": is_collector,
        "senders": [name for name in view.declaration.hosts if name in senders] if is_collector else [],
    }


def control(view: View) -> list[str]:
    """Addresses of the control node, from where the site is managed and watched."""
    legs = [host.manage_leg for host in view.declaration.group(CONTROL)]
    return addresses(*(leg.ipv4 for leg in legs), *(leg.ipv6 for leg in legs))


def in_url(address: str) -> str:
    """IPv6 addresses stand in brackets in a URL (RFC 3986)."""
    return f"[{address}]" if ":" in address else address


def _distinct(legs: Iterable[Leg]) -> list[str]:
    """Addresses of legs, IPv4 first, in declared order and each once."""
    seen = list(dict.fromkeys(legs))
    return addresses(*(leg.ipv4 for leg in seen), *(leg.ipv6 for leg in seen))
