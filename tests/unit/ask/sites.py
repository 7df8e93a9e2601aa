"""The questions of the data files, and copies of a site that a test may change."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from shoko.ask.result import Result, ask

ROOT = Path(__file__).resolve().parents[3]
LAB = ROOT / "inventories/lab"
MUSEUM = ROOT / "inventories/museum"


@cache
def result(site: Path, start: str, end: str, service: str) -> Result:
    """The result of a question; several tests look at the same one."""
    return ask(site, start, end, service)


@dataclass(frozen=True)
class Question:
    """One entry of a data file, with the site that it is about."""

    site: Path
    written: dict[str, Any]

    @property
    def asked(self) -> tuple[str, str, str]:
        return self.written["from"], self.written["to"], self.written["service"]

    @property
    def result(self) -> Result:
        return result(self.site, *self.asked)

    def __str__(self) -> str:
        return f"{self.site.name}: {' '.join(self.asked)}"


def _questions(site: Path, file: str) -> list[Question]:
    entries = yaml.safe_load(Path(__file__).with_name(file).read_text(encoding="utf-8"))
    return [Question(site, entry) for entry in entries]


QUESTIONS = _questions(LAB, "questions.yml") + _questions(MUSEUM, "museum.yml")
DENIED = [question for question in QUESTIONS if question.written["answer"] == "no"]
PARTLY = [question for question in QUESTIONS if question.written["answer"] == "partly"]


def with_pasted(site: Path, written: str, target: Path) -> Path:
    """A copy of a site with lines pasted below the keys that they name, as a person would do it."""
    shutil.copytree(site / "declaration", target / "declaration")
    blocks: dict[str, list[str]] = {}
    for line in written.splitlines():
        blocks.setdefault(line, []) if not line.startswith(" ") else blocks[next(reversed(blocks))].append(line)
    for key, lines in blocks.items():
        for file in (target / "declaration").glob("*.yml"):
            text = file.read_text(encoding="utf-8")
            file.write_text(
                "".join(
                    one + ("\n".join(lines) + "\n" if one.rstrip() == key else "")
                    for one in text.splitlines(keepends=True)
                ),
                encoding="utf-8",
            )
    return target
