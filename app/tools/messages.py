"""Translations without the gettext tools: `messages.py update` and `messages.py compile [TREE]`.

`update` merges the texts of templates and code into the catalogue of each language and keeps what is
translated; `compile` writes the .mo files that Django reads, and refuses a catalogue with gaps.
"""

import argparse
import datetime as dt
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

APP = Path(__file__).resolve().parent.parent
LANGUAGES = ("ja",)
# plain Japanese and Japanese for children: what they do not have themselves they take from ja. Of these files they have
# every text: the pages of the WebOPAC and of My Library, errors included, and what code says on them.
VARIANTS = ("ja_Easy", "ja_Kids")
IN_VARIANTS = (
    *(f"/opac/{name}.html" for name in ("base", "home", "_closings", "_searchbox", "_advanced", "_entry", "_state",
                                        "search", "record", "arrivals", "authority")),
    *(f"/mylibrary/{name}.html" for name in ("login", "_field", "basket", "history", "my", "password", "placed",
                                             "provisional", "question", "request")),
    *(f"/reference/{name}.html" for name in ("cases", "case")),
    "core/dates.py", "core/errors.py",
    "opac/shelf.py", "opac/facets.py", "opac/views.py", "mylibrary/forms.py", "mylibrary/words.py",
)  # fmt: skip
KEYWORDS = {"_": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2)}
# what templatize makes of {% translate %} and {% blocktranslate %}: single lines, Python literals
LITERAL = r"""(u?'(?:[^'\\]|\\.)*'|u?"(?:[^"\\]|\\.)*")"""
TEMPLATE_CALL = re.compile(rf"\b(?:ngettext\({LITERAL},\s*{LITERAL}|(?:_|gettext)\({LITERAL})")
Message = str | tuple[str, str]
HEADER = "# Japanese texts of the ILS; the English ones are the keys."
FIXED_DATE = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


def in_code(path: Path) -> Iterator[Message]:
    for _, message, _, _ in extract("python", BytesIO(path.read_bytes()), KEYWORDS):
        yield tuple(message) if isinstance(message, tuple | list) else message  # type: ignore[misc]


def in_template(path: Path) -> Iterator[Message]:
    for found in TEMPLATE_CALL.finditer(templatize(path.read_text(encoding="utf-8"), origin=str(path))):
        one, many, single = (_unquote(group) for group in found.groups())
        yield (one, many) if one else single


def _unquote(literal: str | None) -> str:
    """The text of a Python literal as templatize writes it."""
    if literal is None:
        return ""
    body = literal.removeprefix("u")[1:-1]
    # templatize doubles the percent sign of plain texts, and escapes what a literal must
    return body.replace("\\n", "\n").replace('\\"', '"').replace("\\'", "'")


def wanted() -> dict[Message, list[str]]:
    """Every text of the application with the files that use it, in the order of the files."""
    found: dict[Message, list[str]] = {}
    for path in sorted((APP / "shoko_ils").rglob("*")):
        if path.suffix not in (".py", ".html"):
            continue
        for message in in_code(path) if path.suffix == ".py" else in_template(path):
            places = found.setdefault(message, [])
            if (place := str(path.relative_to(APP))) not in places:
                places.append(place)
    return found


def wanted_in_variants() -> dict[Message, list[str]]:
    """Texts of the pages that the variants of Japanese have whole."""
    return {text: places for text, places in wanted().items() if any(place.endswith(IN_VARIANTS) for place in places)}


def catalogue_path(tree: Path, language: str) -> Path:
    return tree / "shoko_ils" / "locale" / language / "LC_MESSAGES" / "django.po"


def read(path: Path, language: str) -> Catalog:
    locale = language.partition("_")[0]
    if not path.exists():
        return Catalog(locale=locale)
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def wanted_of(language: str) -> dict[Message, list[str]]:
    return wanted_in_variants() if language in VARIANTS else wanted()


def gaps(catalogue: Catalog, language: str = "ja") -> list[str]:
    """Texts that the application uses and the catalogue lacks, leaves empty, or marks as doubtful."""
    missing = []
    for message in wanted_of(language):
        entry = catalogue.get(message[0] if isinstance(message, tuple) else message)
        strings = entry.string if entry and isinstance(entry.string, tuple | list) else (entry and entry.string,)
        if entry is None or entry.fuzzy or not all(strings):
            missing.append(str(message))
    return missing


def update() -> None:
    for language in (*LANGUAGES, *VARIANTS):
        path = catalogue_path(APP, language)
        old = read(path, language)
        fresh = Catalog(
            locale=language.partition("_")[0], project="shoko-ils", header_comment=HEADER, fuzzy=False, charset="utf-8"
        )
        # the catalogue changes when its texts do, and only then
        fresh.creation_date = fresh.revision_date = FIXED_DATE
        for message, places in wanted_of(language).items():
            entry = old.get(message[0] if isinstance(message, tuple) else message)
            string = entry.string if entry else None
            fresh.add(message, string, locations=[(place, 0) for place in places])
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, fresh, omit_header=False, include_lineno=False, width=100)


def compile_into(tree: Path) -> int:
    for language in (*LANGUAGES, *VARIANTS):
        path = catalogue_path(tree, language)
        catalogue = read(path, language)
        missing = gaps(catalogue, language)
        if missing:
            print(f"{path}: not translated: {'; '.join(missing)}", file=sys.stderr)
            return 1
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update")
    compiling = commands.add_parser("compile")
    compiling.add_argument("tree", type=Path, nargs="?", default=APP)
    options = parser.parse_args()
    if options.command == "compile":
        return compile_into(options.tree)
    update()
    return 0


if __name__ == "__main__":
    sys.exit(main())
