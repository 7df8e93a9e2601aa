"""A result for machines."""

from __future__ import annotations

import json
from dataclasses import asdict

from shoko.ask.answer import Grant
from shoko.ask.change import Change
from shoko.ask.hops import hops
from shoko.ask.place import Place
from shoko.ask.report import by_flow, lasting, pairs, reason, written
from shoko.ask.result import Result
from shoko.declaration.model import Declaration, Flow
from shoko.topology.describe import describe


def record(result: Result) -> str:
    """Return the result as JSON text; docs/ask.md says what stands in it."""
    asked = result.answer
    content = {
        "site": result.declaration.key,
        "declaration_digest": result.declaration.digest,
        "from": _place(asked.source),
        "to": _place(asked.destination),
        "service": asked.asked.service,
        "ports": [f"{port.protocol}/{port.number}" for port in asked.asked.ports],
        "answer": asked.verdict,
        "flows": [
            _flow(result.declaration, result.declaration.flows[name], grants)
            for name, grants in by_flow(asked.grants).items()
        ],
        "denied": [asdict(way) for way in result.ways],
        "change": None if result.change is None else _change(result.change),
    }
    return json.dumps(content, ensure_ascii=False, indent=2)


def _place(place: Place) -> dict[str, str]:
    return {"name": place.text, "kind": place.kind}


def _flow(declaration: Declaration, flow: Flow, grants: list[Grant]) -> dict[str, object]:
    title = describe(declaration, flow, "en")
    return {
        "name": flow.name,
        "number": flow.number,
        "title": f"{title.source} -> {title.destination}, {title.services}",
        "control": flow.why.control,
        "reason": reason(flow),
        "owner": flow.owner,
        "expires": None if flow.expires is None else flow.expires.isoformat(),
        "windowed": flow.window is not None,
        "when": lasting(flow),
        "users": list(flow.source.as_users),
        "via": list(flow.via_sites),
        "pairs": [
            {"from": start, "to": end, "families": families, "ports": ports}
            for (start, end), (families, ports) in pairs(grants).items()
        ],
        "hops": [{"hosts": hop.hosts, "chain": hop.chain, "rule": hop.rule} for hop in hops(declaration, grants)],
    }


def _change(change: Change) -> dict[str, object]:
    return {
        "additions": change.additions,
        "yaml": written(change) or None,
        "remarks": change.remarks,
        "forbidden": [problem.as_json() for problem in change.forbidden],
    }
