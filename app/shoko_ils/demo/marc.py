"""Works of Aozora Bunko as MARC 21, in the convention of JAPAN/MARC."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from pymarc import Field, Record

from shoko_ils.catalog import marc

AGENCY = "aozora"
ROLE_TEXTS = {"author": "著", "translator": "訳", "reviser": "校訂", "editor": "編"}


@dataclass(frozen=True)
class Name:
    """A person of a work and what he did."""

    number: int
    name: str
    reading: str
    role: str
    born: int | None
    died: int | None


def authority_number(person: int) -> str:
    return f"({AGENCY}){person:06d}"


def inverted(name: str) -> str:
    """太宰 治 is entered as 太宰, 治."""
    return ", ".join(name.split(" ", 1))


def fixed_field(added_on: dt.date, year: int | None, *, for_children: bool) -> str:
    """008: day of entry, year, country, readers, language."""
    date = f"s{year:04d}    " if year else "nuuuuuuuu"
    return f"{added_on:%y%m%d}{date}ja{'':5}{'j' if for_children else ' '}{'':12}jpn  "


def build(
    *, number: int, title: str, title_reading: str, subtitle: str, subtitle_reading: str, original_title: str,
    ndc: Iterable[str], for_children: bool, orthography: str, host_title: str, publisher: str, published: int | None,
    added_on: dt.date, names: Iterable[Name],
) -> bytes:  # fmt: skip
    """ISO 2709 of one work."""
    made = Record(leader=marc.EMPTY_LEADER)
    made.add_field(Field("001", data=f"{number:06d}"), Field("003", data=AGENCY))
    made.add_field(Field("008", data=fixed_field(added_on, published, for_children=for_children)))
    for each in ndc:
        marc.add(made, "084", "  ", [("a", each), ("2", "njb/9")])
    people = list(names)
    for position, person in enumerate(people):
        years = f"{person.born or ''}-{person.died}" if person.died else ""
        marc.add(
            made,
            "700" if position else "100",
            "1 ",
            [("a", inverted(person.name)), ("d", years), ("e", ROLE_TEXTS[person.role]),
             ("0", authority_number(person.number))],
            [("a", inverted(person.reading))],
        )  # fmt: skip
    marc.add(made, "240", "10", [("a", original_title)])
    marc.add(made, "245", "10", [("a", title), ("b", subtitle)], [("a", title_reading), ("b", subtitle_reading)])
    marc.add(made, "264", " 1", [("b", publisher), ("c", str(published or ""))])
    marc.add(made, "546", "  ", [("b", orthography)])
    marc.add(made, "773", "0 ", [("t", host_title)])
    made.fields.sort(key=lambda field: field.tag)
    return marc.write(made)
