"""What the demonstration of layers found: a row an attempt, judged, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from shoko.proof.dynamic.hosts_attempts import Attempt
from shoko.proof.dynamic.hosts_fates import Fate
from shoko.proof.dynamic.layers_cells import Cell
from shoko.proof.dynamic.layers_proxy import Request
from shoko.proof.dynamic.result import Counts, Finding, SuiteResult

Layer = Literal["route", "sender", "gateway", "receiver", "vlan", "proxy"]
End = Layer | Fate  # who ended an attempt
WAY: tuple[Layer, ...] = ("route", "sender", "gateway", "receiver")  # in the order in which a packet meets them
NAMES: dict[End, str] = {
    "route": "missing route",
    "sender": "sender",
    "gateway": "gateway",
    "receiver": "receiver",
    "vlan": "VLAN",
    "proxy": "the proxy's allowlist",
    "reached": "nobody",
    "lost": "unknown",
}


@dataclass
class Row:
    """One attempt: the layers that the analysis says deny it, and who ended it in each round.

    A missing route is one at the sender (in the internet: at its routers), or, with IPv4, one back at the receiver: a
    kernel with rp_filter takes no packet that it could not answer. `back_alone` says that only the latter is missing.

    `without` with that layer taken away, `alone` with all others taken away, `open` with all of `WAY` taken away,
    `straight` sent past routes and sender straight into the receiver's VLAN.
    """

    attempt: Attempt
    layers: tuple[Layer, ...]
    back_alone: bool = False
    intact: End = "lost"
    without: dict[Layer, End] = field(default_factory=dict)
    alone: dict[Layer, End] = field(default_factory=dict)
    open: End = "lost"
    straight: End | None = None

    @property
    def claimed(self) -> tuple[Layer, ...]:
        """All layers, the VLAN among them where the switch keeps both ends apart."""
        return (*self.layers, "vlan") if self.straight is not None else self.layers


@dataclass
class LayerSuite(SuiteResult):
    """The demonstration: cells with their rows, and the requests by the proxies."""

    cells: list[tuple[Cell, list[Row]]] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)

    def about(self) -> Iterator[str]:
        """Yield the table: a line a cell, with its layers and who still denies it when one is taken away."""
        for cell, rows in self.cells:
            if not rows:
                yield f"layers: {cell}: no two hosts stand there, nothing was tried"
            told: dict[str, list[str]] = {}
            for row in rows:
                told.setdefault(_told(row), []).append(f"IPv{row.attempt.family}")
            for text, families in told.items():
                yield f"layers: {cell} ({', '.join(families)}): {text}"
        for one in self.asked:
            yield f"layers: {one.source} -> internet through the proxies: one layer alone: {NAMES['proxy']}"

    def details(self) -> dict[str, object]:
        """Return the same for machines."""
        cells = [
            {"source": cell.source, "destination": cell.destination, "attempts": [_json(row) for row in rows]}
            for cell, rows in self.cells
        ]
        return {"cells": cells, "proxy": [asdict(one) | {"layers": ["proxy"]} for one in self.asked]}


def judge(chosen: Sequence[Cell], rows: Sequence[Row], asked: Sequence[Request], unproved: Sequence[str]) -> LayerSuite:
    """Compare every round with what the analysis says: the first of the layers that are left ends the attempt."""
    by_attempt = {row.attempt: row for row in rows}
    result = LayerSuite("layers", "every segment", unproved=list(unproved), asked=list(asked))
    result.cells = [(cell, [by_attempt[one] for one in cell.attempts]) for cell in chosen]
    for cell, of_cell in result.cells:
        for row in of_cell:
            if not row.layers:
                about = f"{cell}: {row.attempt}, nothing taken away"
                result.findings.append(Finding("passes", row.attempt.host, about, detail="no layer denies it"))
            for what, expected, fate in _rounds(row):
                _compare(result, f"{cell}: {row.attempt}, {what}", row.attempt.host, expected, fate)
    for one in asked:
        _compare(result, f"{one}, nothing taken away", one.proxy, "proxy", _by_proxy(one.refused))
        what = "everything but the allowlist taken away"
        _compare(result, f"{one}, {what}", one.proxy, "proxy", _by_proxy(one.refused_alone))
        what = "the allowlist taken away"
        _compare(result, f"{one}, {what}", one.proxy, "reached", _by_proxy(one.refused_without))
    return result


def _by_proxy(was_refused: bool) -> End:
    return "proxy" if was_refused else "reached"


def _compare(result: LayerSuite, about: str, where: str, expected: End, fate: End) -> None:
    """Count a round, and keep what is otherwise than the layers that are left say."""
    result.counts.add(Counts(1, fate != "lost", fate == "reached", fate not in ("lost", "reached")))
    detail = f"ended by: {NAMES[fate]}; by the analysis: {NAMES[expected]}"
    if fate == "lost":
        result.unproved.append(f"{about}: seen nowhere, nothing is shown")
    elif fate == "reached" != expected:
        result.findings.append(Finding("passes", where, about, detail=detail))
    elif expected == "reached" != fate:
        result.unproved.append(f"{about}: does not arrive ({NAMES[fate]}), so that the other rounds show little")
    elif fate != expected:
        result.findings.append(Finding("model", where, about, detail=detail))


def _rounds(row: Row) -> Iterator[tuple[str, End, End]]:
    """Every round of an attempt: what was taken away, who has to end it, who did."""
    yield "nothing taken away", _first(row, ()), row.intact
    for layer in WAY:
        yield f"{NAMES[layer]} taken away", _first(row, (layer,)), row.without[layer]
        rest = tuple(other for other in WAY if other != layer)
        yield f"everything but {NAMES[layer]} taken away", _first(row, rest), row.alone[layer]
    yield "everything taken away", "reached", row.open
    if row.straight is not None:
        yield "VLAN taken away", _first(row, ()), row.without["vlan"]
        yield "sent straight into the receiver's segment", "vlan", row.alone["vlan"]
        yield "sent straight, VLAN taken away", "receiver", row.straight


def _first(row: Row, away: tuple[Layer, ...]) -> End:
    """Who ends an attempt of the layers that are left; without a way back it is the receiver's kernel, last of all."""
    left = [layer for layer in row.layers if layer not in away]
    if row.back_alone and "route" in left:
        left.remove("route")
        return left[0] if left else "receiver"
    return left[0] if left else "reached"


def _told(row: Row) -> str:
    names = [NAMES[layer] for layer in row.claimed]
    if not row.layers:
        return "no layer denies it"
    if len(row.layers) == 1:
        return f"one layer alone: {names[0]}"
    held = ", ".join(f"{NAMES[layer]} → {NAMES[row.without[layer]]}" for layer in row.claimed)
    return f"{' + '.join(names)} | taken away → still denied by: {held}"


def _json(row: Row) -> dict[str, object]:
    return {
        "attempt": str(row.attempt),
        "family": row.attempt.family,
        "layers": list(row.claimed),
        "intact": row.intact,
        "without": row.without,
        "alone": row.alone,
        "open": row.open,
        "straight": row.straight,
    }
