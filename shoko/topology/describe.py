"""Flows in few words: who, to whom, carrying what, why."""

from __future__ import annotations

from dataclasses import dataclass

from shoko.declaration.ends import flow_ends
from shoko.declaration.model import Declaration, Flow, Segment, Selector, Window
from shoko.topology.words import Language, group, say, word


@dataclass(frozen=True)
class FlowText:
    """A flow as people read it. `pairs` are its zone pairs; `layers` says where only the hosts stand guard."""

    number: int
    name: str
    source: str
    destination: str
    services: str
    via: str
    why: str
    owner: str
    window: str
    pairs: tuple[str, ...]
    hosts_only: bool
    platform: bool


def describe(declaration: Declaration, flow: Flow, language: Language) -> FlowText:
    """A flow in words of one language."""
    sources, destinations = flow_ends(declaration, flow)
    pairs = dict.fromkeys(
        f"{start.zone} → {end.zone}" for start in sources for end in destinations if start.name != end.name
    )
    segments = {(start.segment, end.segment) for start in sources for end in destinations}
    sites = (say(declaration.sites[site].title, language) for site in flow.via_sites)
    return FlowText(
        number=flow.number,
        name=flow.name,
        source=end_text(declaration, flow.source, language),
        destination=end_text(declaration, flow.destination, language),
        services=", ".join(service_text(declaration, name) for name in flow.services),
        via="、".join(sites) if language == "ja" else ", ".join(sites),
        why=flow.why.control or flow.why.operation or "",
        owner=say(declaration.owners[flow.owner], language),
        window=_window_text(flow.window, language),
        pairs=tuple(pairs),
        hosts_only=all(start is not None and start == end for start, end in segments),
        platform=flow.platform,
    )


def service_text(declaration: Declaration, name: str) -> str:
    """A service with its ports: https (443)."""
    numbers: dict[int, list[str]] = {}
    for port in declaration.services[name].ports:
        numbers.setdefault(port.number, []).append(port.protocol)
    ports = ", ".join(
        f"{n}" if protocols == ["tcp"] else f"{n}/{'+'.join(protocols)}" for n, protocols in numbers.items()
    )
    return f"{name} ({ports})"


def segment_text(declaration: Declaration, segment: Segment, language: Language) -> str:
    """What a segment is called: after its library, or servers, VPN, line, or its key."""
    if segment.library is not None:
        return say(declaration.libraries[segment.library].title, language)
    if segment.tunnel is not None:
        return word("tunnel", language)
    return word(segment.key, language) if segment.key in ("servers", "line") else segment.key


def end_text(declaration: Declaration, selector: Selector, language: Language) -> str:
    """One end of a flow in words."""
    text = selector.host or ""
    if selector.zone is not None:
        text = _zone_text(declaration, selector, language)
    elif selector.vip is not None:
        vip = declaration.vips[selector.vip]
        text = f"{group(vip.held_by, language)} [{vip.name}]"
    elif selector.person is not None:
        text = say(declaration.people[selector.person].title, language)
    elif selector.gateway is not None:
        text = word("gateway_end", language)
    elif selector.managed:
        text = word("all", language)
    elif selector.group is not None:
        text = group(selector.group, language)
    return text


def _zone_text(declaration: Declaration, selector: Selector, language: Language) -> str:
    zone = say(declaration.zones[selector.zone or ""].title, language)
    segments = (declaration.segments[f"{selector.zone}.{key}"] for key in selector.segments)
    parts = [segment_text(declaration, segment, language) for segment in segments]
    if not parts:
        return zone
    return f"{zone}（{'・'.join(parts)}）" if language == "ja" else f"{zone} ({', '.join(parts)})"


def _window_text(window: Window | None, language: Language) -> str:
    if window is None:
        return ""
    if window.by_command and window.longest is not None:
        hours = window.longest.total_seconds() / 3600
        return f"{word('by_command', language)} ≤ {hours:g} h"
    start = window.start.strftime("%Y-%m-%d %H:%M") if window.start else ""
    end = window.end.strftime("%Y-%m-%d %H:%M %z") if window.end else ""
    return f"{start} – {end}"
