"""What a proof finds about a host's rules, said as changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from shoko.declaration.model import Declaration
from shoko.drift.changes import Change, Effect
from shoko.drift.places import Places, listed, shown
from shoko.drift.sentences import reaches, sentence, telling
from shoko.proof import packet
from shoko.proof.compare import Finding
from shoko.proof.prove import HostProof

_OWN = {"inet shoko"}
_OWN_ON_GATEWAYS = _OWN | {"ip shoko_nat"}
_EFFECTS: dict[str, Effect] = {"passes": "gained", "forwards": "gained", "default": "gained", "blocked": "lost"}


def rule_changes(declaration: Declaration, places: Places, proof: HostProof, listing: dict[str, Any]) -> list[Change]:
    """Return every difference of a host's rules and tables. What the proof does not understand is one as well: all
    that the roles write is understood, so somebody else wrote it.
    """
    return [
        *_tables(declaration, proof.host, listing),
        *(_unknown(proof.host, reason) for reason in proof.unproved),
        *_merged(_change(declaration, places, proof, finding) for finding in proof.findings),
    ]


def _change(declaration: Declaration, places: Places, proof: HostProof, finding: Finding) -> Change:
    effect = _EFFECTS.get(finding.kind, "differs")
    example = ""
    if finding.packet is not None:
        example = packet.text(telling(places, (finding.box, *finding.others)), proof.names)
    return Change(
        proof.host, "rules", effect, tuple(_said(declaration, places, proof, finding)), _cause(finding), example
    )


def _said(declaration: Declaration, places: Places, proof: HostProof, finding: Finding) -> Iterator[str]:
    host, boxes = proof.host, (finding.box, *finding.others)
    if finding.kind == "forwards":
        family = 4 if finding.detail.startswith("IPv4") else 6
        joined = listed(dict.fromkeys(shown(declaration.segments[leg.segment]) for leg in declaration.hosts[host].legs))
        yield (
            f"{host} forwards IPv{family}: whoever stands in {joined} can send packets through it past the gateways, "
            "and only its own rules still hold them back"
        )
    elif finding.kind == "default":
        yield f"{host} no longer drops what no rule permits on its way {_WAYS[finding.path]}"
    elif finding.kind in ("passes", "blocked"):
        for one in reaches(places, host, finding.path, boxes, proof.names):
            yield sentence(one, now=finding.kind == "passes", flow=finding.flow)
    elif finding.kind == "mark":
        yield f"sessions of flow {finding.flow} do not carry its mark: they would go on when the flow ends"
    else:
        yield f"packets leave {host} with another source than declared ({finding.detail or finding.path})"


_WAYS = {"input": "in", "forward": "through", "output": "out"}


def _cause(finding: Finding) -> str:
    """The rule that decided, or the policy that did because a rule or an element is missing."""
    if not finding.steps:
        return ""
    last = finding.steps[-1]
    if finding.kind == "blocked" and last.verdict.startswith("policy"):
        return f"no rule or element for it: {last.rule}, {last.verdict}"
    return f"{last.rule}: {last.verdict}"


def _merged(changes: Iterable[Change]) -> list[Change]:
    """One change for each rule: what it lets through comes first, then what else it does to which flows."""
    found: dict[str, Change] = {}
    for one in sorted(changes, key=lambda one: ("gained", "lost", "differs").index(one.effect)):
        key = one.cause or one.text
        first = found.get(key, one)
        sentences = tuple(dict.fromkeys((*(first.sentences if first is not one else ()), *one.sentences)))
        found[key] = replace(first, sentences=sentences)
    return list(found.values())


def _unknown(host: str, reason: str) -> Change:
    return Change(
        host, "rules", "differs", ("nobody can say who can reach what: the ruleset holds what is not declared",), reason
    )


def _tables(declaration: Declaration, host: str, listing: dict[str, Any]) -> Iterator[Change]:
    """Tables that are not ours; what their rules let through or hold back, the proof tells."""
    own = _OWN_ON_GATEWAYS if host in declaration.gateways.hosts else _OWN
    for item in listing.get("nftables", []):
        table = item.get("table")
        if isinstance(table, dict) and (name := f"{table.get('family')} {table.get('name')}") not in own:
            hooked = sorted({str(hook) for hook in _hooks(listing, table)})
            where = f"it takes part at {', '.join(hooked)}" if hooked else "it takes part nowhere yet"
            said = f"a table that is not declared stands on {host}: {where}"
            yield Change(host, "table", "differs", (said,), f"table {re.sub(r'[^ -~]', '?', name)}")


def _hooks(listing: dict[str, Any], table: dict[str, Any]) -> Iterator[object]:
    for item in listing["nftables"]:
        chain = item.get("chain") or {}
        if (chain.get("family"), chain.get("table")) == (table.get("family"), table.get("name")) and "hook" in chain:
            yield chain["hook"]
