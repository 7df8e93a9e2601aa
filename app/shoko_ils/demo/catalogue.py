"""Reads the catalogue of Aozora Bunko (app/demo/ORIGIN.md) into records, persons and contributions."""

import csv
import datetime as dt
import gzip
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from shoko_ils.demo import marc

ROLES = {"著者": "author", "翻訳者": "translator", "校訂者": "reviser", "編者": "editor"}


class BadCatalogue(Exception):
    """The file is not the catalogue; the message says the line and what is wrong."""


@dataclass
class Person:
    """One authority record."""

    id: int
    name: str
    reading: str
    roman: str
    born: int | None
    died: int | None


@dataclass
class Work:
    """One bibliographic record with its persons as (person id, role), in the order of the list."""

    id: int
    title: str
    title_reading: str
    subtitle: str
    subtitle_reading: str
    original_title: str
    ndc: list[str]
    for_children: bool
    orthography: str
    host_title: str
    publisher: str
    published: int | None
    added_on: dt.date
    persons: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Catalogue:
    """Everything of the file, by id."""

    works: dict[int, Work]
    persons: dict[int, Person]

    def marc_of(self, work: Work) -> bytes:
        """ISO 2709 of a work."""
        names = [
            marc.Name(person.id, person.name, person.reading, role, person.born, person.died)
            for person, role in ((self.persons[number], role) for number, role in work.persons)
        ]
        return marc.build(
            number=work.id, title=work.title, title_reading=work.title_reading, subtitle=work.subtitle,
            subtitle_reading=work.subtitle_reading, original_title=work.original_title, ndc=work.ndc,
            for_children=work.for_children, orthography=work.orthography, host_title=work.host_title,
            publisher=work.publisher, published=work.published, added_on=work.added_on, names=names,
        )  # fmt: skip


def read(path: Path) -> Catalogue:
    """Parse the gzipped CSV; a work with several persons stands on several rows."""
    works: dict[int, Work] = {}
    persons: dict[int, Person] = {}
    for line, row in _rows(path):
        try:
            work = works.setdefault(int(row["作品ID"]), _work(row))
            person = persons.setdefault(int(row["人物ID"]), _person(row))
            entry = (person.id, ROLES[row["役割フラグ"]])
        except (KeyError, ValueError) as error:
            raise BadCatalogue(f"{path}:{line}: {type(error).__name__}: {error}") from error
        if entry not in work.persons:
            work.persons.append(entry)
    return Catalogue(works, persons)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with gzip.open(path) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        for row in reader:
            yield reader.line_num, row


def _person(row: dict[str, str]) -> Person:
    died = _year(row["没年月日"])
    return Person(
        id=int(row["人物ID"]),
        name=f"{row['姓']} {row['名']}".strip(),
        reading=f"{row['姓読み']} {row['名読み']}".strip(),
        roman=f"{row['名ローマ字']} {row['姓ローマ字']}".strip(),
        born=_year(row["生年月日"]) if died else None,
        died=died,
    )


def _work(row: dict[str, str]) -> Work:
    classes = row["分類番号"].removeprefix("NDC ").split()
    return Work(
        id=int(row["作品ID"]),
        title=row["作品名"].strip(),
        title_reading=row["作品名読み"].strip(),
        subtitle=row["副題"].strip(),
        subtitle_reading=row["副題読み"].strip(),
        original_title=row["原題"].strip(),
        ndc=[each.removeprefix("K") for each in classes],
        for_children=any(each.startswith("K") for each in classes),
        orthography=row["文字遣い種別"],
        host_title=row["底本名1"].strip(),
        publisher=row["底本出版社名1"].strip(),
        published=_year(row["底本初版発行年1"]),
        added_on=dt.date.fromisoformat(row["公開日"]),
    )


def _year(text: str) -> int | None:
    """The year that a date begins with (1988（昭和63）年10月25日, 1909-06-19); unknown and before 1: None."""
    found = re.match(r"\s*(\d{4})", text)
    return int(found.group(1)) if found else None
