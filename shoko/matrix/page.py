"""The page itself: one file without anything from outside, in one language."""

from __future__ import annotations

from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from shoko.declaration.catalogue import controls
from shoko.declaration.model import Declaration
from shoko.matrix.cells import Cell, cells
from shoko.matrix.words import WORDS, word
from shoko.proof.kept import Difference, Kept
from shoko.topology.describe import describe
from shoko.topology.words import Language, say


def page(declaration: Declaration, language: Language, proof: Kept | None = None) -> str:
    """Return the matrix as HTML; with a proof of this declaration, cells that differ from reality are marked."""
    environment = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    folder = resources.files("shoko.matrix")
    template = environment.from_string(folder.joinpath("page.html.j2").read_text(encoding="utf-8"))
    differences = proof.differences if proof is not None and proof.current else ()
    drawn = {
        pair: _cell(declaration, cell, language, [one for one in differences if one.pair == pair])
        for pair, cell in cells(declaration).items()
    }
    return template.render(
        language=language,
        style=Markup(folder.joinpath("page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        word={key: word(key, language) for key in WORDS},
        site=say(declaration.title, language),
        zones=[{"name": zone.name, "title": say(zone.title, language)} for zone in declaration.zones.values()],
        cells=drawn,
        proof=proof,
        elsewhere=[one for one in differences if one.pair is None],
        digest=declaration.digest,
    )


def _cell(declaration: Declaration, cell: Cell, language: Language, differences: list[Difference]) -> dict[str, Any]:
    source, destination = (say(declaration.zones[zone].title, language) for zone in (cell.source, cell.destination))
    flows = []
    for carried in cell.carried:
        text = describe(declaration, declaration.flows[carried.flow], language)
        reason = declaration.flows[carried.flow].why
        # The catalogue's short names are Japanese, as the papers are.
        why = f"{reason.control} {controls()[reason.control]}" if reason.control else text.why
        flows.append(
            {
                "name": text.name,
                "source": text.source,
                "destination": text.destination,
                "services": text.services,
                "why": why,
                "owner": text.owner,
                "window": text.window,
            }
        )
    return {
        "id": f"{cell.source}--{cell.destination}",
        "title": f"{source} → {destination}",
        "services": list(dict.fromkeys(name for one in cell.carried for name in one.services)),
        "flows": flows,
        "layers": [word(layer, language) for layer in cell.layers],
        "differences": differences,
    }
