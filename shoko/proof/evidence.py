"""What a proof found, as a record that can be kept: what was compared with what, by which versions, when, by whom."""

from __future__ import annotations

import os
import platform
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from shoko import __version__
from shoko.declaration.model import Declaration
from shoko.proof import packet
from shoko.proof.compare import Compared, Finding, Step
from shoko.proof.composed.compose import Composed
from shoko.proof.composed.record import record as together
from shoko.proof.digest import digest, nft, rules
from shoko.proof.dynamic.report import record as by_packets
from shoko.proof.dynamic.report import verdict as verdict_of_packets
from shoko.proof.dynamic.result import SuiteResult
from shoko.proof.interfaces import Interfaces
from shoko.proof.prove import HostProof
from shoko.proof.report import MEANING, RESULTS, verdict, worst
from shoko.proof.same import same
from shoko.proof.wire import hexadecimal

FORMAT = 2  # of the record; schema/proof.schema.json
Record = dict[str, Any]
Listings = Mapping[str, Mapping[str, Any] | str]


@dataclass(frozen=True)
class Sources:
    """The listings by host, or in their place why there is none. `judged` says which of the two the proof is about."""

    judged: Literal["running", "rendered"]
    running: Listings
    rendered: Listings


@dataclass(frozen=True)
class Analysis:
    """A static proof: of each host, of all together (None where only some were asked), and what it was made from."""

    proofs: tuple[HostProof, ...]
    composed: Composed | None
    sources: Sources

    @property
    def differs(self) -> bool:
        """Whether the hosts together let through something else than declared."""
        return self.composed is not None and self.composed.differs


def verdict_of(analysis: Analysis | None, results: Sequence[SuiteResult] | None) -> int:
    """Return the exit code of what was done: the analysis, the packets, or both."""
    codes = [] if analysis is None else [verdict(analysis.proofs, differs=analysis.differs)]
    return worst(codes if results is None else [*codes, verdict_of_packets(results)])


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def record(
    declaration: Declaration,
    analysis: Analysis | None,
    results: Sequence[SuiteResult] | None,
    started: datetime,
) -> Record:
    """Return the whole record; its keys are always all there and in this order.

    `composed` is what all hosts come to together, null where only some were asked; `dynamic` is what packets showed,
    null where none were sent.
    """
    sources = Sources("running", {}, {}) if analysis is None else analysis.sources
    composed = None if analysis is None else analysis.composed
    done = {"static": analysis, "dynamic": results}
    return {
        "format": FORMAT,
        "proof": " and ".join(name for name, found in done.items() if found is not None),
        "site": declaration.key,
        "declaration_digest": declaration.digest,
        "judged": sources.judged,
        "result": RESULTS[verdict_of(analysis, results)],
        "started": _text(started),
        "ended": _text(now()),
        "by": _user(),
        "shoko": __version__,
        "python": platform.python_version(),
        "hosts": [] if analysis is None else [_host(proof, sources) for proof in analysis.proofs],
        "composed": None if composed is None else together(composed),
        "dynamic": None if results is None else by_packets(results),
    }


def _host(proof: HostProof, sources: Sources) -> Record:
    running, rendered = (listings.get(proof.host, "not read") for listings in (sources.running, sources.rendered))
    judged = running if sources.judged == "running" else rendered
    return {
        "host": proof.host,
        "result": RESULTS[verdict([proof])],
        "kernel": None if isinstance(judged, str) else judged.get("kernel"),
        "nft": None if isinstance(judged, str) else nft(judged),
        "running": _ruleset(running),
        "rendered": _ruleset(rendered),
        "equal": _equal(running, rendered),
        "paths": [_path(one) for one in proof.paths],
        "unproved": list(proof.unproved),
        "findings": [_finding(finding, proof.names) for finding in proof.findings],
    }


def _ruleset(listing: Mapping[str, Any] | str) -> Record:
    if isinstance(listing, str):
        return {"digest": None, "rules": None, "missing": listing}
    return {"digest": digest(listing), "rules": rules(listing), "missing": None}


def _equal(running: Mapping[str, Any] | str, rendered: Mapping[str, Any] | str) -> Record:
    """As text: written alike but for what says nothing about packets. As sets: every packet is treated alike."""
    if isinstance(running, str) or isinstance(rendered, str):
        return {"text": None, "sets": None}
    text = digest(running) == digest(rendered)
    return {"text": text, "sets": text or same(running, rendered)}


def _path(one: Compared) -> Record:
    return {
        "path": one.path,
        "result": "counterexample" if one.findings else "proven",
        "accepted_boxes": one.accepted,
        "expected_boxes": one.expected,
    }


def _finding(finding: Finding, names: Interfaces) -> Record:
    return {
        "kind": finding.kind,
        "meaning": MEANING[finding.kind],
        "path": finding.path,
        "flow": finding.flow or None,
        "packet": None if finding.packet is None else packet.record(finding.packet, names),
        "bytes": None if finding.packet is None else hexadecimal(finding.packet),
        "rule": _rule(finding.steps[-1]) if finding.steps else None,
        "steps": [{"rule": step.rule, "verdict": step.verdict} for step in finding.steps],
        "detail": finding.detail or None,
    }


def _rule(last: Step) -> Record:
    """The rule that decided, or with handle 0 the policy of the chain."""
    where = last.where
    return {
        "family": where.family,
        "table": where.table,
        "chain": where.chain,
        "handle": where.handle,
        "comment": where.comment or None,
        "verdict": last.verdict,
    }


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _user() -> str:
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
