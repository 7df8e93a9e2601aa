"""The control catalogue: which measures exist."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

CATALOGUE = Path(__file__).parent.parent / "data" / "controls.yml"
_ENTRY = re.compile(r"^- id: ([A-Z]-[0-9]{2})$", re.MULTILINE)
_JA = re.compile(r"^  ja: (.+)$", re.MULTILINE)


@cache
def controls() -> dict[str, str]:
    """Control id to its short Japanese name.

    Reads the two lines of each entry without parsing the rest (220 kB), which every command would pay for;
    a test compares the result with the parsed catalogue.
    """
    text = CATALOGUE.read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for entry in _ENTRY.finditer(text):
        name = _JA.search(text, entry.end())
        found[entry.group(1)] = name.group(1).strip("'\"") if name else ""
    return found
