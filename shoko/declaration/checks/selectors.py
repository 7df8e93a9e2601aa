"""The ends of flows and sentences: each names one thing, that exists, and is not empty."""

from __future__ import annotations

from collections.abc import Iterator

from shoko.declaration.checks.context import Context, flow_path
from shoko.declaration.ends import MANAGE, is_internet, resolve, selected_hosts
from shoko.declaration.model import Selector
from shoko.declaration.reader import Path_

KINDS_OF_ENDS = ("zone", "group", "host", "vip", "person", "gateway", "managed")


def check(context: Context) -> None:
    """Every selector that is written anywhere."""
    for flow in context.declaration.flows.values():
        path = flow_path(flow)
        _selector(context, (*path, "from"), flow.source)
        _selector(context, (*path, "to"), flow.destination)
        _direction(context, (*path, "from"), flow.source, source=True)
        _direction(context, (*path, "to"), flow.destination, source=False)
        _legs(context, (*path, "from"), flow.source)
        _legs(context, (*path, "to"), flow.destination)
    for path, selector in _in_sentences(context):
        _selector(context, path, selector)


def _in_sentences(context: Context) -> Iterator[tuple[Path_, Selector]]:
    for sentence in context.declaration.expect.values():
        path: Path_ = ("expect", sentence.name, sentence.kind)
        if sentence.kind == "only":
            for index, selector in enumerate(sentence.sources):
                yield (*path, "from", index), selector
        else:
            yield (*path, "from"), sentence.sources[0]
        if sentence.destination is not None:
            yield (*path, "to"), sentence.destination
        if sentence.except_as is not None:
            yield (*path, "except"), sentence.except_as


def set_keys(selector: Selector) -> list[str]:
    """Which of the seven ways to name an end are used."""
    return [key for key in KINDS_OF_ENDS if getattr(selector, key)]


def _selector(context: Context, path: Path_, selector: Selector) -> None:
    keys = set_keys(selector)
    if len(keys) != 1:
        what = "names nothing" if not keys else f"names {' and '.join(keys)}"
        context.report(path, what, "exactly one of " + ", ".join(KINDS_OF_ENDS))
        return
    if selector.segments and keys != ["zone"]:
        context.report((*path, "segments"), f"segments of a {keys[0]}", "only together with zone")
    if not _exists(context, path, selector):
        return
    if selector.leg is not None and selected_hosts(context.declaration, selector) and path[0] != "expect":
        return  # the legs are looked at host by host
    if not resolve(context.declaration, selector) and not _zone_in_sentence(path, selector):
        context.report(path, f"{describe(selector)} is empty", _why_empty(context, selector))


def _zone_in_sentence(path: Path_, selector: Selector) -> bool:
    """A sentence may speak of a zone in which nobody stands yet."""
    return path[0] == "expect" and selector.zone is not None


def describe(selector: Selector) -> str:
    """An end in few words."""
    key = set_keys(selector)[0]
    if selector.managed:
        return "managed"
    text = f"{key} {getattr(selector, key)}"
    if selector.segments:
        text += f" ({', '.join(selector.segments)})"
    return text + (f" leg {selector.leg}" if selector.leg else "")


def _why_empty(context: Context, selector: Selector) -> str:
    if selector.zone is not None:
        return "a zone with hosts, or with a segment of population: open"
    if selector.leg is not None:
        legs = {leg.interface for host in selected_hosts(context.declaration, selector) for leg in host.legs}
        return "one of " + ", ".join(sorted(legs)) if legs else "a leg of these hosts"
    return "at least one host"


def _exists(context: Context, path: Path_, selector: Selector) -> bool:
    """Whether what is named exists and is whole; otherwise a mistake stands already."""
    if selector.zone is not None:
        return _zone_exists(context, path, selector)
    if selector.group is not None:
        return _group_exists(context, path, selector.group)
    if selector.gateway is not None:
        lines = [
            segment.key
            for segment in context.declaration.segments.values()
            if segment.vlan is not None and context.declaration.zones[segment.zone].outside
        ]
        return context.known((*path, "gateway"), "line", selector.gateway, lines)
    declaration = context.declaration
    parties: tuple[tuple[str, str | None, tuple[str, ...], set[str]], ...] = (
        ("host", selector.host, ("hosts", "external"), {*declaration.hosts, *declaration.external}),
        ("vip", selector.vip, ("vips",), {*declaration.vips}),
        ("person", selector.person, ("people",), {*declaration.people}),
    )
    for key, name, tops, whole in parties:
        if name is not None:
            written = [one for top in tops for one in context.written(top)]
            return context.known((*path, key), key, name, written) and name in whole
    return True


def _zone_exists(context: Context, path: Path_, selector: Selector) -> bool:
    name = selector.zone or ""
    if not context.known((*path, "zone"), "zone", name, context.written("zones")):
        return False
    keys = [full.partition(".")[2] for full in context.segments_written() if full.startswith(f"{name}.")]
    found = [
        context.known((*path, "segments", index), f"segment of {name}", segment, keys)
        for index, segment in enumerate(selector.segments)
    ]
    return all(found) and name in context.declaration.zones


def _group_exists(context: Context, path: Path_, group: str) -> bool:
    used = {one for host in context.declaration.hosts.values() for one in host.groups}
    if group not in used and not any(broken[0] == "hosts" for broken in context.broken):
        context.report((*path, "group"), f"group {group} is empty", "a group of some host")
    return group in used


def _direction(context: Context, path: Path_, selector: Selector, *, source: bool) -> None:
    if source:
        if selector.vip is not None:
            context.report(
                (*path, "vip"),
                "a vip cannot open connections",
                "the group that holds it: hosts speak by their own address",
            )
        if selector.gateway is not None:
            context.report(
                (*path, "gateway"), "the gateways' shared address cannot open connections", "group: gateways"
            )
        if selector.as_users and set_keys(selector) not in (["group"], ["host"], ["managed"]):
            context.report(
                (*path, "as"),
                "system users of something that is not a managed host",
                "only with group, host or managed",
            )
        if selector.as_users and selector.host in context.declaration.external:
            context.report(
                (*path, "as"), f"system users of {selector.host}, which is not managed", "only of managed hosts"
            )
    else:
        if selector.person is not None:
            context.report((*path, "person"), "a person answers no connections", "a zone, group, host, vip or gateway")
        if selector.as_users:
            context.report((*path, "as"), "users on the answering side", "only under from: rules of input know no user")


def _legs(context: Context, path: Path_, selector: Selector) -> None:
    """A host with several legs is told apart; a named leg is one that every host of the selection has."""
    declaration = context.declaration
    if not set_keys(selector):
        return  # told already: it names nothing
    if selector.leg is not None and set_keys(selector) not in (["group"], ["host"]):
        context.report((*path, "leg"), f"a leg of {describe(selector)}", "only with group or host")
        return
    if selector.zone is not None:
        _zone_legs(context, path, selector)
        return
    if selector.leg == MANAGE:
        return  # every managed host has exactly one
    for host in selected_hosts(declaration, selector):
        names = [leg.interface for leg in host.legs]
        if host.name in declaration.gateways.hosts:
            managed = [leg.interface for leg in host.legs if leg.manage]
            if selector.leg is not None and selector.leg not in managed:
                context.report(
                    (*path, "leg"),
                    f"leg {selector.leg} of gateway {host.name}",
                    "none, or manage: a gateway answers at its managed leg and speaks from the target's segment",
                )
            continue
        if selector.managed:
            continue
        if selector.leg is None and len(names) > 1:
            context.report(
                path, f"{host.name} has {len(names)} legs and none is named", "leg: one of " + ", ".join(names)
            )
        elif selector.leg is not None and selector.leg not in names and names:
            context.report((*path, "leg"), f"{host.name} has no leg {selector.leg}", "one of " + ", ".join(names))


def _zone_legs(context: Context, path: Path_, selector: Selector) -> None:
    """Of a host with several legs in one zone, one segment is named: no two legs of a host share one."""
    declaration = context.declaration
    zone = declaration.zones.get(selector.zone or "")
    if zone is None or is_internet(zone):
        return
    for host in declaration.hosts.values():
        if host.name in declaration.gateways.hosts:
            continue
        legs = [
            segment.key
            for leg in host.legs
            if (segment := declaration.segments.get(leg.segment)) is not None
            and segment.zone == zone.name
            and not segment.open_population
            and (not selector.segments or segment.key in selector.segments)
        ]
        if len(legs) > 1:
            context.report(
                path,
                f"{host.name} has {len(legs)} legs in zone {zone.name} and none is named",
                "segments: one of " + ", ".join(legs),
            )
