"""The closed list of personal fields, as the site declares it: what is not listed cannot be stored.

Site file, key `patrons`: `items` are those of the document by which the council agreed (S0:L188-190, S4:L199-217),
`attributes` are what is stored beside them to manage these. `closing` makes database constraints of it, `forms`
and the pages follow it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

# S0:L188-190, the list of the ward: without a password there is no My Library
ITEMS = ("number", "name", "birth_date", "address", "phone", "email", "loans", "guardian")
# what S4:L199-217 lists beside these: each of them opens a service of the WebOPAC
OTHER_ITEMS = ("password", "questioner_class", "question")
# 質問者区分 and レファレンス内容 are of one service: one of them alone would be stored for nothing
ASKING = frozenset({"questioner_class", "question"})
ATTRIBUTES = ("reading", "postal_code", "contact", "confirmed_on", "used_in", "notes", "group_contact")
NEEDED = frozenset({"number", "name"})
# column of `patron` → the item or attribute under which it may hold anything
COLUMNS = {
    "name_reading": "reading",
    "birth_date": "birth_date",
    "postal_code": "postal_code",
    "address": "address",
    "phone": "phone",
    "email": "email",
    "primary_until": "guardian",
    "primary_reason": "guardian",
    "guardian_name": "guardian",
    "confirmed_on": "confirmed_on",
    "used_in": "used_in",
}
POSTAL_CODE = re.compile(r"[0-9]{7}")
NUMBERS = {"validity_years": 3, "unused_years": 3, "disclosure_days": 30, "extension_days": 30}


@dataclass(frozen=True)
class Declared:
    """The site's list, its coded notes (key → name in each language), its postal codes (→ towns) and its periods."""

    listed: frozenset[str]
    notes: Mapping[str, Mapping[str, str]]
    postal_codes: Mapping[str, list[str]]
    validity_years: int
    unused_years: int
    disclosure_days: int
    extension_days: int

    @cached_property
    def columns(self) -> frozenset[str]:
        """Columns of `patron` that may hold something, besides those every row has."""
        return frozenset(column for column, under in COLUMNS.items() if under in self.listed)

    def has(self, under: str) -> bool:
        return under in self.listed

    @property
    def has_my_library(self) -> bool:
        """Whether citizens may have a password, and with it log-in, My Library and holds by web."""
        return self.has("password")

    @property
    def asks_by_web(self) -> bool:
        """Whether a reference question is taken by web: of who is signed in."""
        return self.has_my_library and self.listed >= ASKING


def read(raw: Mapping[str, Any]) -> Declared:
    """The declaration of the site file; a word that means nothing is refused, so that no field opens by mistake."""
    items, attributes = raw.get("items", ITEMS), raw.get("attributes", ATTRIBUTES)
    for given, known, word in ((items, (*ITEMS, *OTHER_ITEMS), "items"), (attributes, ATTRIBUTES, "attributes")):
        if wrong := sorted(set(given) - set(known)):
            raise ImproperlyConfigured(f"site file: patrons.{word}: unknown {', '.join(wrong)}")
    if lacking := sorted(NEEDED - set(items)):
        raise ImproperlyConfigured(f"site file: patrons.items lacks {', '.join(lacking)}")
    if "loans" not in items:
        raise ImproperlyConfigured(
            "site file: patrons.items lacks loans: an open loan or hold is a recorded item (S0:L189),"
            " and without it nothing can be lent; list it as it was agreed"
        )
    if ASKING & set(items) and not set(items) >= ASKING:
        raise ImproperlyConfigured(
            "site file: patrons.items: questioner_class and question are listed together, or neither is"
        )
    if wrong := sorted(set(raw) - {"items", "attributes", "notes", "postal_codes", *NUMBERS}):
        raise ImproperlyConfigured(f"site file: patrons: unknown {', '.join(wrong)}")
    numbers = {name: int(raw.get(name, default)) for name, default in NUMBERS.items()}
    if wrong := sorted(name for name, value in numbers.items() if value < 1):
        raise ImproperlyConfigured(f"site file: patrons.{wrong[0]} is not a positive number")
    notes = {note["key"]: {"ja": note["ja"], "en": note["en"]} for note in raw.get("notes", [])}
    towns = _towns(raw.get("postal_codes", []))
    return Declared(listed=frozenset(items) | frozenset(attributes), notes=notes, postal_codes=towns, **numbers)


def _towns(entries: Iterable[Any]) -> dict[str, list[str]]:
    """Code → its towns: one code may be of more than one."""
    towns: dict[str, list[str]] = {}
    for entry in entries:
        code, town = (entry.get(name) for name in ("code", "town")) if isinstance(entry, Mapping) else (None, None)
        # YAML reads a bare 1000001 as a number, and a bare 0000001 as 1
        if not (isinstance(code, str) and POSTAL_CODE.fullmatch(code) and isinstance(town, str) and town):
            raise ImproperlyConfigured(
                f"site file: patrons.postal_codes: {entry}: a code is 7 digits in quotation marks, with a town"
            )
        if town not in towns.setdefault(code, []):
            towns[code].append(town)
    return towns


def site() -> Declared:
    """The declaration in force."""
    return read(settings.SITE.get("patrons", {}))
