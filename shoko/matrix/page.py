"""The page itself: one file without anything from outside, in one language."""

from __future__ import annotations

from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from shoko.ask.report import hop_text
from shoko.declaration.catalogue import controls
from shoko.declaration.model import Declaration
from shoko.matrix.cells import Carried, Cell, cells
from shoko.matrix.layers import layers
from shoko.matrix.rules import rules
from shoko.matrix.words import WORDS, word
from shoko.proof.differences import Difference
from shoko.proof.kept import Kept
from shoko.topology.describe import describe
from shoko.topology.words import Language, say

Shown = dict[str, Any]


def page(declaration: Declaration, language: Language, proof: Kept | None = None) -> str:
    """Return the matrix as HTML; with a proof of this declaration, cells that differ from reality are marked."""
    environment = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    folder = resources.files("shoko.matrix")
    template = environment.from_string(folder.joinpath("page.html.j2").read_text(encoding="utf-8"))
    current = proof if proof is not None and proof.current else None
    titles = {zone.name: say(zone.title, language) for zone in declaration.zones.values()}
    return template.render(
        language=language,
        style=Markup(folder.joinpath("page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        word={key: word(key, language) for key in WORDS},
        site=say(declaration.title, language),
        titles=titles,
        cells={pair: _cell(declaration, cell, language, current) for pair, cell in cells(declaration).items()},
        proof=proof,
        differences=[_difference(one, titles, language) for one in current.differences] if current is not None else [],
        digest=declaration.digest,
    )


def _cell(declaration: Declaration, cell: Cell, language: Language, proof: Kept | None) -> Shown:
    pair = (cell.source, cell.destination)
    differences = [one for one in proof.differences if one.pair == pair] if proof is not None else []
    unsure = sorted(cell.hosts - proof.known) if proof is not None else []
    standing = None
    if proof is not None:
        standing = "differs" if differences else "unproved" if unsure else "proven"
    windowed = {name for one in cell.carried if one.windowed for name in one.services}
    always = {name for one in cell.carried if not one.windowed for name in one.services}
    return {
        "id": f"{cell.source}--{cell.destination}",
        "services": list(dict.fromkeys(name for one in cell.carried for name in one.services)),
        "windowed": windowed - always,
        "flows": [_flow(declaration, one, language) for one in cell.carried],
        "layers": layers(cell, proof, language),
        "partly": proof is not None and "part" in proof.layers.get(pair, {}).values(),
        "found": proof is not None and pair in proof.layers,
        "removed": proof is not None and pair in proof.removed,
        "standing": standing,
        "differences": [
            {"hosts": ", ".join(one.hosts), "words": _words(one, language), "frame": one.frame} for one in differences
        ],
        "hosts": len(cell.hosts),
        "unsure": unsure,
    }


def _flow(declaration: Declaration, carried: Carried, language: Language) -> Shown:
    flow = declaration.flows[carried.flow]
    text = describe(declaration, flow, language)
    # The catalogue's short names are Japanese, as the papers are.
    why = f"{flow.why.control} {controls()[flow.why.control]}" if flow.why.control else text.why
    ports = sorted({f"{one.protocol}/{one.port}" for one in carried.passes})
    return {
        "name": text.name,
        "number": text.number,
        "source": text.source,
        "destination": text.destination,
        "services": f"{', '.join(carried.services)} ({', '.join(ports)})",
        "via": text.via,
        "why": why,
        "owner": text.owner,
        "window": text.window,
        "expires": flow.expires.isoformat() if flow.expires else "",
        "rules": [hop_text(hop) for hop in rules(declaration, carried.passes)],
    }


def _difference(one: Difference, titles: dict[str, str], language: Language) -> Shown:
    """A difference for the list below the matrix, with its cell where it has one."""
    return {
        "hosts": ", ".join(one.hosts),
        "words": _words(one, language),
        "where": "" if one.pair is None else " → ".join(titles[zone] for zone in one.pair),
        "cell": None if one.pair is None else "--".join(one.pair),
    }


def _words(one: Difference, language: Language) -> str:
    """What the packet is, what became of it, by which rule."""
    packet = f"{one.packet}: " if one.packet is not None else ""
    meaning = word(f"kind_{one.kind}", language) if f"kind_{one.kind}" in WORDS else one.meaning
    flow = f" ({one.flow})" if one.flow else ""
    rule = f" — {one.rule}" if one.rule else ""
    return f"{one.path}: {packet}{meaning}{flow}{rule}"
