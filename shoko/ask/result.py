"""A question's whole result: the answer and, by the verdict, the rules on the way or what denies and would permit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shoko.ask.answer import Answer, answer
from shoko.ask.asked import asked
from shoko.ask.change import Change, change
from shoko.ask.denial import Way, ways
from shoko.ask.errors import AskError
from shoko.ask.place import Places
from shoko.ask.rest import rest
from shoko.declaration.build import build
from shoko.declaration.load import mistakes, site_directory
from shoko.declaration.model import Declaration
from shoko.declaration.problems import DeclarationInvalid
from shoko.declaration.reader import read
from shoko.policy.errors import PolicyError
from shoko.policy.view import View


@dataclass(frozen=True)
class Result:
    """`ways` are there exactly if the verdict is no; `change` also if it is partly, then for the rest."""

    declaration: Declaration
    answer: Answer
    ways: tuple[Way, ...]
    change: Change | None


def ask(site: Path, start: str, end: str, service: str, now: datetime | None = None) -> Result:
    """Answer a question about a site, offline. Raises AskError where there is no answer."""
    source = read(site_directory(site) / "declaration")
    problems = mistakes(source, now)
    if problems:
        raise AskError(str(DeclarationInvalid(site_directory(site), problems)))
    declaration = build(source.tree)
    places = Places(declaration)
    try:
        view = View.of(declaration)
    except PolicyError as error:
        raise AskError(str(error)) from error
    found = answer(view.passes, places.find(start), places.find(end), asked(declaration, service))
    if found.verdict == "yes":
        return Result(declaration, found, (), None)
    if found.verdict == "partly":
        return Result(declaration, found, (), change(source, rest(found), now))
    denying = tuple(ways(view, found.source, found.destination))
    return Result(declaration, found, denying, change(source, found, now))
