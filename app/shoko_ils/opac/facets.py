"""Facets of a result as links: each narrows by one value, or takes that narrowing away again."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from shoko_ils.catalog.search import Facets
from shoko_ils.catalog.words import class_name, language_name, material_name
from shoko_ils.core.models import Library

SHOWN = 10


@dataclass(frozen=True)
class Value:
    """One line of a facet: `address` is the query string of the page that it leads to."""

    label: str
    count: int
    address: str
    is_chosen: bool


@dataclass(frozen=True)
class Facet:
    """A facet with its lines, the longest ones cut."""

    name: str
    values: list[Value]


def build(given: QueryDict, found: Facets, libraries: list[Library]) -> list[Facet]:
    """館・種別・分類・年・言語, in that order; a facet without a choice is left out."""
    names = {library.pk: library for library in libraries}
    lines: list[tuple[str, str, Iterable[tuple[str, str, int]]]] = [
        (_("Library"), "library", [(names[pk].key, str(names[pk]), n) for pk, n in found.libraries if pk in names]),
        (_("Material"), "material", [(code, material_name(code), n) for code, n in found.materials]),
        (_("Subject area"), "class", [(str(c), class_name(c), n) for c, n in found.classes]),
        (_("Year"), "year", [(str(year), str(year), n) for year, n in found.years]),
        (_("Language"), "language", [(code, language_name(code), n) for code, n in found.languages]),
    ]
    made = []
    for name, key, values in lines:
        shown = [
            Value(label, count, _address(given, key, value), _is_chosen(given, key, value))
            for value, label, count in list(values)[:SHOWN]
        ]
        if shown and (len(shown) > 1 or shown[0].is_chosen):
            made.append(Facet(name, shown))
    return made


def _is_chosen(given: QueryDict, key: str, value: str) -> bool:
    if key == "year":
        return given.get("from") == given.get("to") == value
    return given.get(key) == value


def _address(given: QueryDict, key: str, value: str) -> str:
    """Query string with this value chosen, or without it if it was; always the first page."""
    new = given.copy()
    new.pop("page", None)
    for name in ("from", "to") if key == "year" else (key,):
        if _is_chosen(given, key, value):
            new.pop(name, None)
        else:
            new[name] = value
    return new.urlencode()
