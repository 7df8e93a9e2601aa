"""What the suites found, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shoko.proof.dynamic.result import MEANING, Finding, SuiteResult
from shoko.proof.report import COUNTEREXAMPLE, PROVEN, RESULTS, UNPROVED

SHOWN = 20  # of a suite, for people: one slip often shows in hundreds of packets


def verdict(results: Sequence[SuiteResult]) -> int:
    """Return the exit code: a counterexample counts more than something unproved, and both more than the rest."""
    if any(one.findings for one in results):
        return COUNTEREXAMPLE
    return PROVEN if results and all(one.proven and not one.counts.unaccounted for one in results) else UNPROVED


def lines(results: Sequence[SuiteResult]) -> Iterator[str]:
    """Yield the report for people: what is wrong, then what was sent and what became of it."""
    for result in results:
        for reason in result.unproved[:SHOWN]:
            yield f"{result.place} {result.suite}: UNPROVED: {reason}"
        for finding in result.findings[:SHOWN]:
            yield from _finding(result, finding)
        more = [max(0, len(found) - SHOWN) for found in (result.unproved, result.findings)]
        if any(more):
            yield f"{result.place} {result.suite}: {more[0]} more UNPROVED, {more[1]} more findings; --json has all"
        yield from result.about()
    yield from _table(results)
    total = sum(one.counts.sent for one in results)
    lost = sum(one.counts.unaccounted for one in results)
    yield f"{RESULTS[verdict(results)]}: {total:,} packets sent, {lost:,} unaccounted for"


def _table(results: Sequence[SuiteResult]) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [("suite", "at", "sent", "seen", "passed", "dropped", "sent again", "seconds")]
    for one in results:
        counts = one.counts
        numbers = (counts.sent, counts.seen, counts.passed, counts.dropped, counts.resent)
        rows.append((one.suite, one.place, *(f"{number:,}" for number in numbers), f"{one.seconds:.1f}"))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) if at < 2 else cell.rjust(width)
                 for at, (cell, width) in enumerate(zip(row, widths, strict=True))]  # fmt: skip
        yield "  ".join(cells).rstrip()


def _finding(result: SuiteResult, finding: Finding) -> Iterator[str]:
    flow = f" (flow {finding.flow})" if finding.flow else ""
    yield f"{finding.where} {result.suite}: {finding.what}: {MEANING[finding.kind]}{flow}"
    if finding.detail:
        yield f"    {finding.detail}"
    if finding.frame:
        yield f"    bytes {finding.frame.hex()}"
    for step in finding.steps:
        yield f"    {step.rule}: {step.verdict}"


def record(results: Sequence[SuiteResult]) -> dict[str, object]:
    """Return the report for machines."""
    return {
        "result": RESULTS[verdict(results)],
        "sent": sum(one.counts.sent for one in results),
        "unaccounted": sum(one.counts.unaccounted for one in results),
        "seconds": round(sum(one.seconds for one in results), 1),
        "suites": [_suite(one) for one in results],
    }


def _suite(result: SuiteResult) -> dict[str, object]:
    counts = result.counts
    return {
        "suite": result.suite,
        "at": result.place,
        "result": RESULTS[verdict([result])],
        "sent": counts.sent,
        "seen": counts.seen,
        "passed": counts.passed,
        "dropped": counts.dropped,
        "sent_again": counts.resent,
        "unaccounted": counts.unaccounted,
        "seconds": round(result.seconds, 1),
        "unproved": result.unproved,
        "findings": [_json(finding) for finding in result.findings],
        **result.details(),
    }


def _json(finding: Finding) -> dict[str, object]:
    return {
        "kind": finding.kind,
        "meaning": MEANING[finding.kind],
        "where": finding.where,
        "packet": finding.what,
        "bytes": finding.frame.hex() or None,
        "flow": finding.flow or None,
        "steps": [{"rule": step.rule, "verdict": step.verdict} for step in finding.steps],
        "detail": finding.detail or None,
    }
