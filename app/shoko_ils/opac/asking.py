"""Reads what the address of a search page asks for. Whatever stands there, something sensible comes of it."""

from dataclasses import dataclass, field

from django.http import QueryDict

from shoko_ils.catalog.extract import MATERIAL_CODES
from shoko_ils.catalog.query import Field, Join, Match, Row
from shoko_ils.catalog.search import MAX_QUERY, Filters
from shoko_ils.core import places
from shoko_ils.core.edition import current
from shoko_ils.core.models import Library

ROWS = 3


@dataclass(frozen=True)
class FormRow:
    """A row of the advanced form as it is shown again."""

    number: int
    text: str
    field: str
    match: str
    join: str


@dataclass(frozen=True)
class Asked:
    """One request: the words of the simple form, rows of the advanced one, what narrows, the page."""

    text: str
    rows: list[FormRow]
    library: Library | None
    filters: Filters
    page: int
    is_advanced: bool
    libraries: list[Library] = field(default_factory=list)

    @property
    def query(self) -> list[Row]:
        found = [Row(self.text)] if self.text else []
        found += [
            Row(row.text, Field(row.field), Match(row.match), Join(row.join) if row.number > 1 else Join.AND)
            for row in self.rows
            if row.text
        ]
        return found

    @property
    def shown(self) -> str:
        """What was asked, in one line."""
        return " ".join(filter(None, [self.text, *(row.text for row in self.rows)]))


def clean(text: str) -> str:
    return text.strip()[:MAX_QUERY].replace("\x00", "")


def number(text: str, low: int, high: int) -> int | None:
    """A whole number within bounds, or None."""
    # int() reads the digits of every script, and underscores
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and low <= int(text) <= high else None


def choice(text: str, choices: object, default: str) -> str:
    return text if text in list(choices) else default  # type: ignore[call-overload]


def read(given: QueryDict) -> Asked:
    """From the parameters of a GET request."""
    libraries = list(places.libraries(current()).values())
    library = next((each for each in libraries if each.key == given.get("library", "")), None)
    rows = [
        FormRow(
            n,
            clean(given.get(f"q{n}", "")),
            choice(given.get(f"f{n}", ""), Field, Field.ANY.value),
            choice(given.get(f"m{n}", ""), Match, Match.PART.value),
            choice(given.get(f"j{n}", ""), Join, Join.AND.value),
        )
        for n in range(1, ROWS + 1)
    ]
    language = given.get("language", "")
    filters = Filters(
        library=library.pk if library else None,
        material=choice(given.get("material", ""), MATERIAL_CODES, ""),
        shelf_class=number(given.get("class", ""), 0, 9),
        language=language if language.isascii() and language.isalpha() and len(language) == 3 else "",
        year_from=number(given.get("from", ""), 0, 9999),
        year_to=number(given.get("to", ""), 0, 9999),
    )
    return Asked(
        text=clean(given.get("q", "")),
        rows=rows,
        library=library,
        filters=filters,
        page=number(given.get("page", ""), 1, 99999) or 1,
        is_advanced="advanced" in given or any(row.text for row in rows),
        libraries=libraries,
    )
