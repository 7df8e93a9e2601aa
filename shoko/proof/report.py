"""What a proof found, for people: first the verdict, then host by host what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from shoko.proof import packet
from shoko.proof.compare import Finding
from shoko.proof.prove import HostProof

PROVEN, COUNTEREXAMPLE, UNPROVED = 0, 1, 2  # exit codes
RESULTS = {PROVEN: "proven", COUNTEREXAMPLE: "counterexample", UNPROVED: "unproved"}
MEANING = {
    "passes": "passes, and no flow permits it",
    "blocked": "is permitted, and does not pass",
    "mark": "passes with another mark than its flow's",
    "rewritten": "does not leave from the declared source",
    "default": "would pass",
    "forwards": "is held back by the ruleset alone",
    "translated": "differs from the declared translation",
    "address": "is not as declared",
    "route": "does not take the declared way",
    "switch": "is not as declared",
}
_WITHOUT_PACKET = {"address": "an address", "switch": "a port"}
NAMED = 5  # flows; machines get all


def verdict(proofs: Sequence[HostProof], *, differs: bool = False) -> int:
    """Return the exit code: a counterexample counts more than something unproved, and both more than the rest.

    `differs` says that the hosts together let through something else than declared.
    """
    if differs or any(proof.findings for proof in proofs):
        return COUNTEREXAMPLE
    return UNPROVED if any(proof.unproved for proof in proofs) or not proofs else PROVEN


def worst(codes: Iterable[int]) -> int:
    """Return the exit code of several proofs together."""
    return max(codes, key=(PROVEN, UNPROVED, COUNTEREXAMPLE).index)


def lines(proofs: Sequence[HostProof], *, differs: bool = False) -> Iterator[str]:
    """Yield the report: the verdict, the differences by host and rule, and then who is unproved and what to do."""
    proven, differ = sum(one.proven for one in proofs), sum(bool(one.findings) for one in proofs)
    rest = f"; differing: {differ}, unproved: {len(proofs) - proven - differ}" if proven < len(proofs) else ""
    what = f"{proven} of {len(proofs)} hosts enforce exactly what the declaration permits"
    yield f"{RESULTS[verdict(proofs, differs=differs)]}: {what}{rest}"
    for proof in proofs:
        alike: dict[object, list[Finding]] = {}
        for finding in proof.findings:
            alike.setdefault((finding.kind, finding.path, finding.steps[-1:], finding.detail), []).append(finding)
        for findings in alike.values():
            yield from _told(proof, findings)
    for proof in proofs:
        for reason in proof.unproved:
            yield f"{proof.host}: UNPROVED: {printable(reason)}"


def printable(text: str) -> str:
    """Return a text that a terminal shows as it is: names and comments on a host may hold anything."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def sentence(proof: HostProof, finding: Finding) -> str:
    """Return a difference in one line."""
    what = (
        packet.text(finding.packet, proof.names)
        if finding.packet is not None
        else _WITHOUT_PACKET.get(finding.kind, "what no rule mentions")
    )
    flow = f" (flow {finding.flow})" if finding.flow else ""
    return printable(f"{proof.host} {finding.path}: {what}: {MEANING[finding.kind]}{flow}")


def way(finding: Finding) -> list[str]:
    """Return the packet's way through the ruleset, a line for each rule that had a say."""
    detail = [finding.detail] if finding.detail else []
    return [printable(line) for line in (*detail, *(f"{step.rule}: {step.verdict}" for step in finding.steps))]


def _told(proof: HostProof, findings: list[Finding]) -> Iterator[str]:
    """Differences that one rule makes: the first with its way, the others by their flows."""
    yield sentence(proof, findings[0])
    yield from (f"    {line}" for line in way(findings[0]))
    if len(findings) > 1:
        flows = [one.flow for one in findings[1:] if one.flow]
        named = ", ".join(flows[:NAMED]) + (" …" if len(flows) > NAMED else "")
        yield f"    and {len(findings) - 1} more by the same rule" + (f": {named}" if named else "")
