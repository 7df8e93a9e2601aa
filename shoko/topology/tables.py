"""Tables for the terminal: zones, hosts, shared addresses, flows."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from shoko.declaration.model import Declaration, Host, Selector
from shoko.topology.describe import describe, segment_text
from shoko.topology.words import Language, group, say, word

Row = Sequence[str]


def width(text: str) -> int:
    """Columns of a terminal that a text takes: two for a wide character (UAX #11)."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def table(title: str, header: Row, rows: Iterable[Row]) -> str:
    """A titled table. Columns in which nothing stands are left out."""
    body = [tuple(row) for row in rows]
    kept = [column for column in range(len(header)) if any(row[column] for row in body)]
    lines = [[header[column] for column in kept], *([row[column] for column in kept] for row in body)]
    widths = [max(width(line[index]) for line in lines) for index in range(len(kept))]
    shown = [
        "  ".join(cell + " " * (widths[index] - width(cell)) for index, cell in enumerate(line)).rstrip()
        for line in lines
    ]
    rule = "  ".join("-" * one for one in widths)
    return "\n".join([title, "", shown[0], rule, *shown[1:], ""])


def zones(declaration: Declaration, language: Language) -> str:
    """Every segment with its zone; a zone is named in its first line only."""
    rows: list[Row] = []
    for zone in declaration.zones.values():
        for index, segment in enumerate(zone.segments):
            kind = ""
            if segment.vlan is not None:
                kind = f"VLAN {segment.vlan}"
            elif segment.tunnel is not None:
                kind = word("tunnel", language)
            elif segment.own_uplink:
                kind = word("line", language)
            rows.append(
                (
                    zone.name if index == 0 else "",
                    say(zone.title, language) if index == 0 else "",
                    zone.control if index == 0 else "",
                    segment.key,
                    segment_text(declaration, segment, language) if segment.library else "",
                    kind,
                    str(segment.ipv4 or ""),
                    str(segment.ipv6 or ""),
                    segment.interface if segment.vlan or segment.tunnel else "",
                )
            )
    keys = ("zone", "title", "control", "segment", "library")
    header = [*(word(key, language) for key in keys), "", "IPv4", "IPv6", "IF"]
    return table(word("zones", language), header, rows)


def hosts(declaration: Declaration, language: Language) -> str:
    """Every host with its legs. Of a gateway, only the managed leg: it has one in every segment."""
    rows: list[Row] = []
    for host in declaration.hosts.values():
        groups = ", ".join(group(name, language) for name in host.groups)
        gateway = host.name in declaration.gateways.hosts
        legs = [leg for leg in host.legs if leg.manage or not gateway]
        for index, leg in enumerate(legs):
            rows.append(
                (
                    host.name if index == 0 else "",
                    groups if index == 0 else "",
                    leg.interface + _others(host, language, gateway),
                    leg.segment,
                    str(leg.ipv4 or ""),
                    str(leg.ipv6 or ""),
                    "*" if leg.manage else "",
                )
            )
    header = [word(key, language) for key in ("host", "groups", "leg", "segment")]
    return table(word("hosts", language), [*header, "IPv4", "IPv6", word("manage", language)], rows)


def _others(host: Host, language: Language, gateway: bool) -> str:
    if not gateway:
        return ""
    return f" (+{len(host.legs) - 1})"


def vips(declaration: Declaration, language: Language) -> str:
    """Every shared address, the gateways' own left out."""
    rows: list[Row] = []
    for vip in declaration.vips.values():
        names = [name for entry in declaration.names.values() if entry.vip == vip.name for name in entry.names]
        addresses = (str(vip.ipv4 or ""), str(vip.ipv6 or ""))
        rows.append((vip.name, vip.segment, *addresses, group(vip.held_by, language), ", ".join(names)))
    header = [word("name", language), word("segment", language), "IPv4", "IPv6"]
    return table(word("vips", language), [*header, word("groups", language), word("names", language)], rows)


def services(declaration: Declaration, language: Language) -> str:
    """Every service with its ports."""
    rows = [
        (name, ", ".join(f"{port.protocol}/{port.number}" for port in service.ports))
        for name, service in declaration.services.items()
    ]
    return table(word("services", language), [word("name", language), word("ports", language)], rows)


def _end(selector: Selector) -> str:
    """An end as it is declared, in short: the tables name keys, the diagram names."""
    if selector.managed:
        return "managed"
    name = selector.zone or selector.group or selector.host or selector.person or ""
    if selector.vip is not None:
        name = f"vip {selector.vip}"
    if selector.gateway is not None:
        name = f"gateway {selector.gateway}"
    details = ", ".join([*selector.segments, *([f"leg {selector.leg}"] if selector.leg else [])])
    return f"{name} ({details})" if details else name


def flows(declaration: Declaration, language: Language, *, unfold: bool) -> str:
    """Every flow; those that each host needs as one line unless unfolded. `via` is never counted as packets."""
    rows: list[Row] = []
    folded: list[str] = []
    for flow in declaration.flows.values():
        text = describe(declaration, flow, language)
        if flow.platform and not unfold:
            folded.append(f"{text.name} {text.number}")
            continue
        pairs = ", ".join(text.pairs)
        if text.hosts_only:
            pairs += f" ({word('only_hosts', language)})"
        rows.append(
            (
                str(text.number),
                text.name,
                _end(flow.source),
                _end(flow.destination),
                ", ".join(flow.services),
                ", ".join(flow.via_sites),
                text.why,
                flow.owner,
                text.window,
                flow.expires.isoformat() if flow.expires else "",
                pairs,
            )
        )
    keys = ("number", "flow", "from", "to", "services", "via", "why", "owner", "window", "expires", "zone_pairs")
    shown = table(word("permitted", language), [word(key, language) for key in keys], rows)
    if folded:
        shown += f"+ {word('folded', language)}: {', '.join(folded)} (--platform)\n"
    return shown
