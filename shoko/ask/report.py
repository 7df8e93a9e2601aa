"""A result in plain English."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import yaml

from shoko.ask.answer import Grant
from shoko.ask.change import Change
from shoko.ask.denial import Way
from shoko.ask.hops import Hop, hops
from shoko.ask.result import Result
from shoko.declaration.catalogue import controls
from shoko.declaration.model import Declaration, Flow
from shoko.topology.describe import describe
from shoko.window.duration import spoken

_MANY = 4  # prefixes of one end that a person still reads
_FILL_IN = "FILL IN"


def lines(result: Result) -> Iterator[str]:
    """Yield the report for people."""
    asked = result.answer
    who, whom, what = asked.source.text, asked.destination.text, asked.asked.words
    can = "may not open" if asked.verdict == "no" else "may open"
    only = "; only what `who` lists" if asked.verdict == "partly" else ""
    yield f"{asked.verdict}: {who} {can} {what} to {whom}{only}"
    if not asked.grants:
        yield from _denied(result)
        return
    for name, grants in by_flow(asked.grants).items():
        yield ""
        yield from _permitted(result.declaration, result.declaration.flows[name], grants)
    if result.change is not None:
        yield ""
        yield from _change(result.change, "the rest")


def by_flow(grants: Iterable[Grant]) -> dict[str, list[Grant]]:
    """Return the grants of each flow, in declared order."""
    flows: dict[str, list[Grant]] = {}
    for grant in grants:
        flows.setdefault(grant.item.flow, []).append(grant)
    return flows


def pairs(grants: Iterable[Grant]) -> dict[tuple[str, str], tuple[list[str], list[str]]]:
    """Return who may reach whom: (from, to) with the families and the ports, as text."""
    found: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for grant in grants:
        families, ports = found.setdefault((grant.source, grant.destination), ([], []))
        for known, new in ((families, grant.item.family), (ports, f"{grant.item.protocol}/{grant.item.port}")):
            if new not in known:
                known.append(new)
    return found


def reason(flow: Flow) -> str:
    """A flow's reason: the control with its text in the catalogue, or the operation."""
    return f"{flow.why.control} {controls()[flow.why.control]}" if flow.why.control else str(flow.why.operation)


def lasting(flow: Flow) -> str:
    """How long a flow is there."""
    parts = [] if flow.expires is None else [f"until {flow.expires.isoformat()}"]
    if (window := flow.window) is not None and window.by_command and window.longest is not None:
        parts.append(f"only while opened by `shoko window open {flow.name}`, {spoken(window.longest)} at most")
    elif window is not None and window.start is not None and window.end is not None:
        parts.append(f"only from {window.start.isoformat()} to {window.end.isoformat()}")
    return "; ".join(parts) or "always, without expiry or window"


def _permitted(declaration: Declaration, flow: Flow, grants: list[Grant]) -> Iterator[str]:
    title = describe(declaration, flow, "en")
    yield f"flow {flow.name} ({flow.number}): {title.source} -> {title.destination}, {title.services}"
    yield f"  why    {reason(flow)}"
    yield f"  owner  {title.owner}"
    yield f"  when   {lasting(flow)}"
    if flow.source.as_users:
        yield f"  only   processes of {', '.join(flow.source.as_users)}"
    if flow.via_sites:
        yield f"  via    the proxy passes on to: {', '.join(flow.via_sites)}"
    for (start, end), (families, ports) in pairs(grants).items():
        yield f"  who    {start} -> {end}, {', '.join(ports)}, {' and '.join(families)}"
    yield "  rules"
    for hop in hops(declaration, grants):
        yield f"    {hop_text(hop)}"


def hop_text(hop: Hop) -> str:
    """One rule on a line: family, hosts, chain, interfaces, addresses, ports."""
    rule = hop.rule
    legs = [f"{word} {rule[key]}" for word, key in (("in", "iif"), ("out", "oif")) if rule[key]]
    ports = f"{rule['protocol']}/{','.join(str(port) for port in _items(rule['ports']))}"
    users = f", processes of {', '.join(map(str, _items(rule['users'])))}" if rule["users"] else ""
    way = f"{_some(rule['sources'])} -> {_some(rule['destinations'])} {ports}"
    return f"{rule['family']} {', '.join(hop.hosts)} chain {hop.chain}: {', '.join(legs)}: {way}{users}"


def _some(networks: object) -> str:
    written = [str(one) for one in _items(networks)]
    return ", ".join(written) if len(written) <= _MANY else f"{written[0]} and {len(written) - 1} more prefixes"


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def _denied(result: Result) -> Iterator[str]:
    yield "no flow permits it; denied by"
    for way in result.ways:
        yield from _way(way)
    if not result.ways:
        yield "  nobody who is known stands at one of the ends"
    if result.change is not None:
        yield ""
        yield from _change(result.change, "it")


def _way(way: Way) -> Iterator[str]:
    yield f"  {way.source} -> {way.destination}"
    for layer in way.layers:
        where = f"{', '.join(layer.hosts)} chain {layer.chain}: " if layer.chain else ""
        at = f" ({', '.join(layer.hosts)})" if layer.hosts and not layer.chain else ""
        yield f"    {where}{layer.text}{at}"
    if not way.layers:
        yield "    nothing of ours: no flow permits it, and no chain of ours sees it"
    for remark in way.remarks:
        yield f"    ({remark})"


def _change(change: Change, what: str) -> Iterator[str]:
    for remark in change.remarks:
        yield f"note: {remark}"
    if change.additions is None:
        yield f"no flow can permit {what}"
        return
    yield f"the smallest change that would permit {what}:"
    yield from (f"  {line}" for line in written(change).splitlines())
    if change.forbidden:
        yield "forbidden as the declaration stands:"
        for problem in change.forbidden:
            hint = f" ({problem.allowed})" if problem.allowed else ""
            yield f"  {problem.path}: {problem.message}{hint}"
    else:
        yield "no policy and no sentence of `expect` forbids it; it needs a reason and an owner"


def written(change: Change) -> str:
    """Return the additions as YAML to paste, a flow's why and owner left to fill in; empty if there are none."""
    parts: list[str] = []
    for key, entries in (change.additions or {}).items():
        parts.append(f"{key}:")
        for name, entry in entries.items():
            if key != "flows":
                parts.append(f"  {name}: {_inline(entry)}")
                continue
            parts.append(f"  {name}:")
            parts += [f"    {field}: {_inline(value)}" for field, value in entry.items()]
            parts.append(f"    why: {_FILL_IN}  # a control, e.g. N-08, or {{operation: …}}")
            parts.append(f"    owner: {_FILL_IN}  # one of {', '.join(change.owners)}")
    return "\n".join(parts)


def _inline(value: object) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=1000)
    return text.removesuffix("\n").removesuffix("\n...")
