"""The gateways and the switches: the hosts that hold the segments apart."""

from __future__ import annotations

from collections.abc import Mapping

from shoko.declaration.checks.context import Context
from shoko.declaration.reader import Path_


def check(context: Context) -> None:
    """They are hosts of their group, and each is described once."""
    if context.usable("gateways"):
        _gateways(context)
        _lasts(context)
        _cards(context)
    _switches(context)


def _gateways(context: Context) -> None:
    declaration = context.declaration
    gateways = declaration.gateways
    for index, name in enumerate(gateways.hosts):
        if not context.known(("gateways", "hosts", index), "host", name, context.written("hosts")):
            continue
        host = declaration.hosts.get(name)
        if host is None:
            continue
        if "gateways" not in host.groups:
            context.report(("hosts", name, "groups"), "lacks the group gateways", "every host of gateways.hosts has it")
        if "legs" in context.source.tree["hosts"][name]:
            context.report(("hosts", name, "legs"), "a gateway's legs follow from `gateways`", "no legs here")
    for host in declaration.group("gateways"):
        if host.name not in gateways.hosts:
            context.report(
                ("hosts", host.name, "groups"), "is in group gateways but not in gateways.hosts", "both or neither"
            )
    segment = declaration.segments.get(gateways.manage)
    if segment is not None and segment.vlan is None:
        context.report(("gateways", "manage"), f"{gateways.manage} is on no switch", "a segment with a vlan")


def _lasts(context: Context) -> None:
    """Every gateway has an address, in the segments and on the sync cable, and nobody else has."""
    gateways = context.declaration.gateways
    given: tuple[tuple[Path_, Mapping[str, object]], ...] = (
        (("gateways", "addresses"), gateways.last),
        (("gateways", "sync", "addresses"), gateways.sync.addresses),
    )
    for path, entries in given:
        for name in gateways.hosts:
            if name not in entries:
                context.report(path, f"lacks {name}", "one entry for each of gateways.hosts")
        for name in entries:
            if name not in gateways.hosts:
                context.report((*path, name), f"{name} is no gateway", "one of " + ", ".join(gateways.hosts))


def _cards(context: Context) -> None:
    """Network cards are named for interfaces that the gateways have."""
    nics = context.source.tree["gateways"].get("nics", {})
    interfaces = [s.interface for s in context.declaration.segments.values() if s.vlan is not None]
    interfaces.append(context.declaration.gateways.sync.interface)
    for name, cards in nics.items():
        path: Path_ = ("gateways", "nics", name)
        if context.known(path, "gateway", name, context.declaration.gateways.hosts):
            for interface in cards:
                context.known((*path, interface), "interface", interface, interfaces)


def _switches(context: Context) -> None:
    declaration = context.declaration
    for name in declaration.switches:
        path: Path_ = ("switches", name)
        if context.known(path, "host", name, context.written("hosts")):
            host = declaration.hosts.get(name)
            if host is not None and "switches" not in host.groups:
                context.report(("hosts", name, "groups"), "lacks the group switches", "every host of `switches` has it")
    for host in declaration.group("switches"):
        if host.name not in context.written("switches"):
            context.report(
                ("hosts", host.name, "groups"), "is in group switches but not in `switches`", "both or neither"
            )
