"""The slice's `names`: the lines of /etc/hosts. Inner hosts have no DNS at all."""

from __future__ import annotations

from shoko.declaration.model import Host, Leg
from shoko.policy.rules import Json, answering_legs, sending_legs
from shoko.policy.view import View, addresses


def names(view: View, host: Host) -> list[Json]:
    """Return name lines for a host itself and for every host and shared address it has a flow with."""
    lines: dict[str, list[str]] = {}
    for leg in sorted(host.legs, key=lambda leg: not leg.manage):
        _add(lines, leg, _host_names(view, host.name))
    for item, _leg in view.outgoing(host.name):
        if item.destination.kind in ("vip", "line"):
            continue
        for leg in answering_legs(view.declaration, item.destination):
            _add(lines, leg, _host_names(view, leg.host))
    for item, _leg in view.incoming(host.name):
        for leg in sending_legs(view.declaration, item.source) if item.source.kind == "leg" else ():
            _add(lines, leg, _host_names(view, leg.host))
    _add_shared(view, host, lines)
    return [{"address": address, "names": known} for address, known in lines.items()]


def _host_names(view: View, name: str) -> list[str]:
    return [view.full_name(name), name]


def _add(lines: dict[str, list[str]], leg: Leg, known: list[str]) -> None:
    for address in addresses(leg.ipv4, leg.ipv6):
        lines.setdefault(address, known)


def _add_shared(view: View, host: Host, lines: dict[str, list[str]]) -> None:
    """Shared addresses that the host reaches or may hold, with the names that people use for them."""
    reached = {item.destination.name for item, _leg in view.outgoing(host.name) if item.destination.kind == "vip"}
    held = {vip.name for vip in view.vips_held(host)}
    for vip in view.declaration.vips.values():
        if vip.name in reached | held:
            known = [view.full_name(vip.name), *view.public_names(vip.name)]
            for address in addresses(vip.ipv4, vip.ipv6):
                lines.setdefault(address, known)
