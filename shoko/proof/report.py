"""What a proof found, for people and for machines."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shoko.declaration.model import Declaration
from shoko.proof import packet
from shoko.proof.compare import Finding
from shoko.proof.interfaces import Interfaces
from shoko.proof.prove import HostProof

PROVEN, COUNTEREXAMPLE, UNPROVED = 0, 1, 2  # exit codes
RESULTS = {PROVEN: "proven", COUNTEREXAMPLE: "counterexample", UNPROVED: "unproved"}
_MEANING = {
    "passes": "passes, and no flow permits it",
    "blocked": "is permitted, and does not pass",
    "mark": "passes with another mark than its flow's",
    "rewritten": "does not leave from the declared source",
    "default": "would pass",
    "forwards": "is held back by the ruleset alone",
    "translated": "differs from the declared translation",
}


def verdict(proofs: list[HostProof]) -> int:
    """Return the exit code: a counterexample counts more than something unproved, and both more than the rest."""
    if any(proof.findings for proof in proofs):
        return COUNTEREXAMPLE
    return UNPROVED if any(proof.unproved for proof in proofs) or not proofs else PROVEN


def worst(codes: Iterable[int]) -> int:
    """Return the exit code of several proofs together."""
    return max(codes, key=(PROVEN, UNPROVED, COUNTEREXAMPLE).index)


def lines(proofs: list[HostProof]) -> Iterator[str]:
    """Yield the report for people: what is wrong host by host, then one line for all."""
    for proof in proofs:
        for reason in proof.unproved:
            yield f"{proof.host}: UNPROVED: {reason}"
        for finding in proof.findings:
            yield from _finding(proof, finding)
    proven = sum(proof.proven for proof in proofs)
    yield f"{RESULTS[verdict(proofs)]}: {proven} of {len(proofs)} hosts enforce exactly what the declaration permits"


def _finding(proof: HostProof, finding: Finding) -> Iterator[str]:
    what = packet.text(finding.packet, proof.names) if finding.packet is not None else "what no rule mentions"
    flow = f" (flow {finding.flow})" if finding.flow else ""
    yield f"{proof.host} {finding.path}: {what}: {_MEANING[finding.kind]}{flow}"
    if finding.detail:
        yield f"    {finding.detail}"
    for step in finding.steps:
        yield f"    {step.rule}: {step.verdict}"


def record(declaration: Declaration, proofs: list[HostProof], listings: Mapping[str, dict[str, Any] | str]) -> str:
    """Return the report as JSON text."""
    content = {
        "site": declaration.key,
        "declaration_digest": declaration.digest,
        "kernel": platform.release(),
        "result": RESULTS[verdict(proofs)],
        "hosts": [_host(proof, listings.get(proof.host, "")) for proof in proofs],
    }
    return json.dumps(content, ensure_ascii=False, indent=2)


def _host(proof: HostProof, listing: dict[str, Any] | str) -> dict[str, object]:
    known = listing if isinstance(listing, dict) else {"nftables": []}
    about: dict[str, Any] = next((item["metainfo"] for item in known["nftables"] if "metainfo" in item), {})
    return {
        "host": proof.host,
        "result": RESULTS[verdict([proof])],
        "nft": about.get("version"),
        "rules": sum("rule" in item for item in known["nftables"]),
        "ruleset_digest": hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest(),
        "unproved": list(proof.unproved),
        "findings": [_json(finding, proof.names) for finding in proof.findings],
    }


def _json(finding: Finding, names: Interfaces) -> dict[str, object]:
    return {
        "kind": finding.kind,
        "meaning": _MEANING[finding.kind],
        "path": finding.path,
        "flow": finding.flow or None,
        "packet": None if finding.packet is None else packet.record(finding.packet, names),
        "steps": [{"rule": step.rule, "verdict": step.verdict} for step in finding.steps],
        "detail": finding.detail or None,
    }
