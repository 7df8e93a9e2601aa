"""The layers of a cell: which stand there by construction, what the proof found, what taking them away showed."""

from __future__ import annotations

from typing import Any

from shoko.matrix.cells import Cell
from shoko.matrix.words import word
from shoko.proof.kept import Kept
from shoko.topology.words import Language

_ORDER = ("vlan", "gateway", "sender", "route", "receiver", "proxy")


def layers(cell: Cell, proof: Kept | None, language: Language) -> list[dict[str, Any]]:
    """Return a row for each layer: its name, whether it is claimed, how much it denies, and the attempts without it."""
    pair = (cell.source, cell.destination)
    found = proof.layers.get(pair, {}) if proof is not None else {}
    removed = proof.removed.get(pair, {}) if proof is not None else {}
    rows = []
    for layer in _ORDER:
        if layer not in (*cell.layers, *found, *removed):
            continue
        tried = removed.get(layer)
        rows.append(
            {
                "name": word(layer, language),
                "claimed": layer in cell.layers,
                "extent": word(f"denies_{found[layer]}", language) if layer in found else "",
                "lacking": layer in cell.layers and found.get(layer) == "none",
                "removed": f"{tried.held} / {tried.tried}" if tried is not None else "",
                "alone": f"{tried.alone} / {tried.tried}" if tried is not None else "",
            }
        )
    return rows
