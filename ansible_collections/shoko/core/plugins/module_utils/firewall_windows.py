"""Windows: elements of timed sets that let a flow pass until an absolute end.

Each file ``<state>/windows/*.json`` holds ``{"windows": [{"name", "from"?, "until", "elements"}]}``; times
are seconds since the epoch (UTC), ``elements`` maps a set's name to its elements, each a list of cells:
``{"open4": [[2147483665, "10.10.42.21", "10.10.50.11", 5432]]}``. ``declared.json`` is the firewall module's;
whoever opens a time-boxed window writes a file of its own and runs ``shoko-firewall windows``.

Stands alone (standard library only), because the loader that starts with the host uses it too.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Opening:
    """One element of one set, and the second at which it closes."""

    set_name: str
    cells: tuple[str, ...]
    until: float

    def text(self, now: float) -> str:
        """Return the element as nft reads it, with what is left of its time (at least a second)."""
        return f"{' . '.join(self.cells)} timeout {max(1, int(self.until - now))}s"


def cells(element: object) -> tuple[str, ...]:
    """Return an element's cells as nft prints them: numbers in decimal."""
    parts = element if isinstance(element, list) else [part.strip() for part in str(element).split(" . ")]
    return tuple(str(int(part, 16)) if isinstance(part, str) and part.startswith("0x") else str(part) for part in parts)


def live(folder: str, now: float | None = None) -> tuple[list[Opening], list[str]]:
    """Return what is open now, and a line per file that could not be read (it opens nothing)."""
    now = time.time() if now is None else now
    openings: dict[tuple[str, tuple[str, ...]], Opening] = {}
    problems = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if not name.endswith(".json"):
            continue
        try:
            with open(os.path.join(folder, name), encoding="utf-8") as stream:
                found = list(_openings(json.load(stream)["windows"], now))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            problems.append(f"{folder}/{name}: not a list of windows ({type(error).__name__}: {error}); opens nothing")
            continue
        for opening in found:
            key = (opening.set_name, opening.cells)
            # Two windows for one element: it is open until the later end.
            if key not in openings or openings[key].until < opening.until:
                openings[key] = opening
    return list(openings.values()), problems


def _openings(windows: list[dict], now: float):  # type: ignore[no-untyped-def]
    for window in windows:
        if float(window.get("from") or 0) <= now < float(window["until"]):
            for set_name, elements in window["elements"].items():
                for element in elements:
                    yield Opening(set_name, cells(element), float(window["until"]))


def additions(openings: list[Opening], sets: dict[str, str], now: float | None = None) -> str:
    """Return nft commands that add the openings; ``sets`` maps a set's name to its table.

    An opening for a set that no table has is left out: it opens nothing, and must not stop the others.
    """
    now = time.time() if now is None else now
    return "".join(
        f"add element {sets[one.set_name]} {one.set_name} {{ {one.text(now)} }}\n"
        for one in openings
        if one.set_name in sets
    )
