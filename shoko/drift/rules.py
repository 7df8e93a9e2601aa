"""What a proof finds about a host's rules, said as changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from shoko.declaration.model import Declaration
from shoko.drift.changes import Area, Change, Effect
from shoko.drift.places import Places, listed, shown
from shoko.drift.sentences import reaches, sentence, telling
from shoko.proof import packet
from shoko.proof.compare import Finding
from shoko.proof.owners import OURS
from shoko.proof.paths import PATHS
from shoko.proof.prove import HostProof
from shoko.proof.report import printable

_EFFECTS: dict[str, Effect] = {"passes": "gained", "forwards": "gained", "default": "gained", "blocked": "lost"}
_AREAS: dict[str, Area] = {"address": "address", "route": "route", "switch": "switch"}


def rule_changes(
    declaration: Declaration, places: Places, proof: HostProof, tables: Mapping[str, Any], unknown: Iterable[str]
) -> list[Change]:
    """Return every difference of a host's rules, tables, addresses, routes and switch.

    `unknown` is what the proof does not understand there. It is a difference as well: all that the roles write is
    understood, so somebody else wrote it.
    """
    return [
        *_tables(proof.host, tables),
        *(_unknown(proof.host, reason) for reason in unknown),
        *_merged(_change(declaration, places, proof, finding) for finding in _in_order(proof.findings)),
    ]


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Who can reach what comes before what it follows from."""
    return sorted(findings, key=lambda one: one.kind == "default")


def _change(declaration: Declaration, places: Places, proof: HostProof, finding: Finding) -> Change:
    effect = _EFFECTS.get(finding.kind, "differs")
    example = ""
    if finding.packet is not None and finding.box:
        example = packet.text(telling(places, proof.host, finding.path, (finding.box, *finding.others)), proof.names)
    elif finding.packet is not None:
        example = packet.text(finding.packet, proof.names)
    area = _AREAS.get(finding.kind, "rules")
    return Change(proof.host, area, effect, tuple(_said(declaration, places, proof, finding)), _cause(finding), example)


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
    elif finding.kind in _AREAS:
        yield finding.detail
    elif finding.path in PATHS and finding.kind in ("passes", "blocked"):
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
        return printable(f"no rule or element for it: {last.rule}, {last.verdict}")
    return printable(f"{last.rule}: {last.verdict}")


def _merged(changes: Iterable[Change]) -> list[Change]:
    """One change for each rule: what it lets through comes first, then what else it does to which flows.

    What no rule does is one change for all that is gained by it, and one for all that is lost. Addresses, routes and
    ports of a switch are told one by one.
    """
    found: dict[str, Change] = {}
    for one in sorted(changes, key=lambda one: ("gained", "lost", "differs").index(one.effect)):
        key = one.cause or (one.effect if one.area == "rules" else one.text)
        first = found.get(key, one)
        sentences = tuple(dict.fromkeys((*(first.sentences if first is not one else ()), *one.sentences)))
        found[key] = replace(first, sentences=sentences)
    return list(found.values())


def _unknown(host: str, reason: str) -> Change:
    return Change(
        host,
        "rules",
        "differs",
        ("nobody can say who can reach what: something stands there that is not understood",),
        printable(reason),
    )


def _tables(host: str, listing: Mapping[str, Any]) -> Iterator[Change]:
    """Tables that are not ours; what their rules let through or hold back, the proof tells."""
    for item in listing.get("nftables", []):
        table = item.get("table")
        if isinstance(table, dict) and (table.get("family"), table.get("name")) not in OURS:
            name = printable(f"{table.get('family')} {table.get('name')}")
            hooked = sorted({str(hook) for hook in _hooks(listing, table)})
            where = f"it takes part at {', '.join(hooked)}" if hooked else "it takes part nowhere yet"
            said = f"a table that is not declared stands on {host}: {where}"
            yield Change(host, "table", "differs", (said,), f"table {name}")


def _hooks(listing: Mapping[str, Any], table: Mapping[str, Any]) -> Iterator[object]:
    for item in listing["nftables"]:
        chain = item.get("chain") or {}
        if (chain.get("family"), chain.get("table")) == (table.get("family"), table.get("name")) and "hook" in chain:
            yield chain["hook"]
