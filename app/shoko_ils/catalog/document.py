"""The search document of a record: what it is found by, as lexemes, and what it is counted by.

A lexeme is the letter of a field and two or three neighbouring characters of its folded text, so that a word of two
or three characters is one lookup. `=T…` is a whole field; its beginning finds what begins so. `+T…` is a longer word as
it stands in the field, between blanks or as a run of one script: a record that has it needs no second look for it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shoko_ils.catalog.extract import MATERIAL_CODES, SUBJECT, VERSION, Extracted
from shoko_ils.catalog.normalise import folded
from shoko_ils.catalog.readings import both

# T title, R its reading, A names, S subjects, P publisher, X series, contents and the book it stands in
FIELDS = "TRASPX"
CLASS, NDLC, NUMBER, WHOLE, WORD = "C", "K", "I", "=", "+"
MAX_WHOLE = 200
# of folded text; shorter words are found for certain by their pairs and triples
RUNS = re.compile(r"[ァ-ヺ]{4,200}|[一-鿿々]{4,200}|[a-z0-9]{4,200}")
BETWEEN = re.compile(r"[\s,、・:;=/()]+")


@dataclass(frozen=True)
class Document:
    """Columns of `search_document`, but for those that follow the items."""

    material: int
    shelf_class: int | None
    year: int | None
    language: str
    tokens: str
    folded: str
    built_with: int = VERSION


def grams(letter: str, text: str) -> Iterable[str]:
    """Lexemes of one folded text: every pair and triple of neighbours, and the last character, which begins none."""
    yield letter + text[-1]
    for start in range(len(text) - 1):
        yield letter + text[start : start + 2]
        if start + 3 <= len(text):
            yield letter + text[start : start + 3]


def long_words(text: str, key: str) -> Iterable[str]:
    """Words of four characters and more of a text that are certainly part of its folded `key`."""
    yield from RUNS.findall(key)
    for piece in BETWEEN.split(text):
        # folding looks at neighbours: a piece may fold otherwise alone
        if len(piece) > 3 and 3 < len(word := folded(piece)) <= MAX_WHOLE and word in key:
            yield word


def texts(made: Extracted, references: Iterable[tuple[str, str]] = ()) -> dict[str, dict[str, str]]:
    """Folded texts of each field, each once, with what they were; `references`: (kind, form) of authority records."""
    found: dict[str, dict[str, str]] = {letter: {} for letter in FIELDS}

    def note(letter: str, text: str) -> None:
        if key := folded(text):
            found[letter].setdefault(key, text)

    # the bare title first: it decides about the rank
    note("T", made.title)
    for spoken in both(made.title_reading):
        note("R", spoken)
    for title in made.titles:
        note("T", title.text)
        for reading in title.readings:
            for spoken in both(reading):
                note("R", spoken)
    for title in made.related:
        for text in (title.text, *title.readings):
            note("X", text)
    for heading in made.headings:
        for text in (heading.name, heading.reading, heading.roman):
            note("S" if heading.kind == SUBJECT else "A", text)
    for kind, text in references:
        note("S" if kind == SUBJECT else "A", text)
    note("A", made.responsibility)
    note("P", made.publisher)
    return found


def build(made: Extracted, references: Iterable[tuple[str, str]] = ()) -> Document:
    """The document of a record."""
    lexemes: set[str] = set()
    lines = []
    for letter, keys in texts(made, references).items():
        for key, text in keys.items():
            lexemes.update(grams(letter, key))
            lexemes.add(WHOLE + letter + key[:MAX_WHOLE])
            lexemes.update(WORD + letter + word for word in long_words(text, key))
            lines.append(letter + key)
    lexemes.update(CLASS + number for number in made.ndc)
    lexemes.update(NDLC + folded(number) for number in made.ndlc)
    lexemes.update(f"{NUMBER}{scheme}:{value}" for scheme, value in made.identifiers)
    return Document(
        material=MATERIAL_CODES.index(made.material),
        shelf_class=int(made.ndc[0][0]) if made.ndc else None,
        year=made.published,
        language=made.language,
        # folded text holds no quotation mark and no backslash, see normalise.MEANINGLESS
        tokens="'" + "' '".join(lexemes) + "'",
        folded="\n".join(lines),
    )
