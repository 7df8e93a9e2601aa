"""What the demonstration of layers found: a row an attempt, judged, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from shoko.proof.dynamic.hosts_attempts import Attempt
from shoko.proof.dynamic.hosts_fates import Fate
from shoko.proof.dynamic.layers_cells import Cell
from shoko.proof.dynamic.result import Counts, Finding, SuiteResult

Layer = Literal["route", "sender", "gateway", "receiver", "vlan"]
WAY: tuple[Layer, ...] = ("route", "sender", "gateway", "receiver")  # in the order in which a packet meets them
NAMES: dict[Layer | Fate, str] = {
    "route": "missing route",
    "sender": "sender",
    "gateway": "gateway",
    "receiver": "receiver",
    "vlan": "VLAN",
    "reached": "nobody",
    "lost": "unknown",
}


@dataclass
class Row:
    """One attempt: the layers that the analysis says deny it, and who ended it in each round.

    `without` with that layer taken away, `alone` with all others taken away, `open` with all of `WAY` taken away,
    `straight` sent past routes and sender straight into the receiver's VLAN.
    """

    attempt: Attempt
    layers: tuple[Layer, ...]
    intact: Layer | Fate = "lost"
    without: dict[Layer, Layer | Fate] = field(default_factory=dict)
    alone: dict[Layer, Layer | Fate] = field(default_factory=dict)
    open: Layer | Fate = "lost"
    straight: Layer | Fate | None = None

    @property
    def claimed(self) -> tuple[Layer, ...]:
        """All layers, the VLAN among them where the switch keeps both ends apart."""
        return (*self.layers, "vlan") if self.straight is not None else self.layers


@dataclass
class LayerSuite(SuiteResult):
    """The demonstration: cells with their rows."""

    cells: list[tuple[Cell, list[Row]]] = field(default_factory=list)


def judge(chosen: Sequence[Cell], rows: Sequence[Row], unproved: Sequence[str]) -> LayerSuite:
    """Compare every round with what the analysis says: the first of the layers that are left ends the attempt."""
    by_attempt = {row.attempt: row for row in rows}
    result = LayerSuite("layers", "every segment", unproved=list(unproved))
    result.cells = [(cell, [by_attempt[one] for one in cell.attempts]) for cell in chosen]
    for cell, of_cell in result.cells:
        for row in of_cell:
            for what, expected, fate in _rounds(row):
                _count(result.counts, fate)
                about = f"{cell}: {row.attempt}, {what}"
                detail = f"ended by: {NAMES[fate]}; by the analysis: {NAMES[expected]}"
                if fate == "lost":
                    result.unproved.append(f"{about}: seen nowhere, nothing is shown")
                elif expected == "reached" and fate != "reached" and what == "everything taken away":
                    result.unproved.append(
                        f"{about}: does not arrive ({NAMES[fate]}), so that the other rounds show little"
                    )
                elif fate == "reached" != expected:
                    result.findings.append(Finding("passes", row.attempt.host, about, detail=detail))
                elif fate != expected:
                    result.findings.append(Finding("model", row.attempt.host, about, detail=detail))
    return result


def _rounds(row: Row) -> Iterator[tuple[str, Layer | Fate, Layer | Fate]]:
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


def _first(row: Row, away: tuple[Layer, ...]) -> Layer | Fate:
    return next((layer for layer in row.layers if layer not in away), "reached")


def _count(counts: Counts, fate: Layer | Fate) -> None:
    counts.sent += 1
    counts.seen += fate != "lost"
    counts.passed += fate == "reached"
    counts.dropped += fate not in ("lost", "reached")


def lines(suite: LayerSuite) -> Iterator[str]:
    """Yield the table for people: a line a cell, with its layers and who holds when one is taken away."""
    for cell, rows in suite.cells:
        if not rows:
            yield f"layers: {cell}: no two hosts stand there, nothing was tried"
        told: dict[str, list[str]] = {}
        for row in rows:
            told.setdefault(_told(row), []).append(f"IPv{row.attempt.family}")
        for text, families in told.items():
            yield f"layers: {cell} ({', '.join(families)}): {text}"


def _told(row: Row) -> str:
    names = [NAMES[layer] for layer in row.claimed]
    if len(row.layers) == 1:
        return f"one layer alone: {names[0]}"
    held = ", ".join(f"{NAMES[layer]} → {NAMES[row.without[layer]]}" for layer in row.claimed)
    return f"{' + '.join(names)} | taken away → still denied by: {held}"


def record(suite: LayerSuite) -> dict[str, object]:
    """Return the same for machines."""
    return {
        "cells": [
            {
                "source": cell.source,
                "destination": cell.destination,
                "attempts": [
                    {
                        "attempt": str(row.attempt),
                        "family": row.attempt.family,
                        "layers": list(row.claimed),
                        "intact": row.intact,
                        "without": row.without,
                        "alone": row.alone,
                        "open": row.open,
                        "straight": row.straight,
                    }
                    for row in rows
                ],
            }
            for cell, rows in suite.cells
        ]
    }
