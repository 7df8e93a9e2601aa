"""What is asked of the catalogue: words in fields, joined by AND, OR and NOT, as a text search query.

A word of more than three characters is found by its triples, which may also stand apart; `exact` then says by which
condition the few candidates are looked at again.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from shoko_ils.catalog import document, identifiers
from shoko_ils.catalog.normalise import fold, words

MAX_WORDS = 12


class Field(StrEnum):
    """Where a word is looked for."""

    ANY = "any"
    TITLE = "title"
    AUTHOR = "author"
    SUBJECT = "subject"
    PUBLISHER = "publisher"
    CLASSIFICATION = "class"
    NUMBER = "number"


class Match(StrEnum):
    """How a word must stand in its field."""

    PART = "part"
    BEGIN = "begin"
    WHOLE = "whole"


class Join(StrEnum):
    """How a row of the advanced search joins those before it."""

    AND = "and"
    OR = "or"
    NOT = "not"


LETTERS = {Field.ANY: document.FIELDS, Field.TITLE: "TRX", Field.AUTHOR: "A", Field.SUBJECT: "S", Field.PUBLISHER: "P"}


@dataclass(frozen=True)
class Row:
    """One row of the advanced search; its words must all match."""

    text: str
    field: Field = Field.ANY
    match: Match = Match.PART
    join: Join = Join.AND


@dataclass(frozen=True)
class Condition:
    """One word in one field. `query` has every hit, and if it is not `is_exact` some that are none."""

    word: str
    letters: str
    query: str
    is_exact: bool = True

    @cached_property
    def certain(self) -> str:
        """Query for what has the word as it stands: no second look tells more of it."""
        return "(" + "|".join(quoted(f"{document.WORD}{letter}{self.word}") for letter in self.letters) + ")"

    @cached_property
    def recheck(self) -> tuple[str, str]:
        """SQL over `folded` and its parameter."""
        if self.letters == document.FIELDS:
            # letters of fields are upper case, folded words never
            return "folded LIKE %s", f"%{self.word}%"
        return "folded ~ %s", f"(?n)^[{self.letters}].*{self.word}"


def quoted(lexeme: str, prefix: str = "") -> str:
    """A lexeme in a text search query; folded text holds neither quotation marks nor backslashes."""
    return f"'{lexeme}'{prefix}"


def part(letter: str, word: str) -> str:
    """Query for `word` within a field."""
    if len(word) == 1:
        return quoted(letter + word, ":*")
    if len(word) <= 3:
        return quoted(letter + word)
    return "(" + "&".join(quoted(f"{letter}{word[i : i + 3]}") for i in range(len(word) - 2)) + ")"


def begins(letter: str, word: str) -> str:
    return quoted(document.WHOLE + letter + word[: document.MAX_WHOLE], ":*")


def whole(letter: str, word: str) -> str:
    return quoted(document.WHOLE + letter + word[: document.MAX_WHOLE])


def condition(word: str, field: Field, match: Match) -> Condition:
    """The condition of one folded word."""
    letters = LETTERS[field]
    if match is Match.PART:
        return Condition(word, letters, "(" + "|".join(part(each, word) for each in letters) + ")", len(word) <= 3)
    make = begins if match is Match.BEGIN else whole
    # a series does not begin with the title of one of its books
    return Condition(word, letters, "(" + "|".join(make(each, word) for each in letters.replace("X", "")) + ")")


def _numbers(text: str) -> list[Condition]:
    found = []
    for word in unicodedata.normalize("NFKC", text).split():
        each = [quoted(f"{document.NUMBER}{scheme}:{value}") for scheme, value in identifiers.from_query(word)]
        # a number that cannot be one finds nothing, rather than everything
        found.append(Condition(fold(word), "", "(" + "|".join(each or [quoted(f"{document.NUMBER}-")]) + ")"))
    return found


def _classes(text: str) -> list[Condition]:
    found = []
    for word in unicodedata.normalize("NFKC", text).split():
        number = word.upper().removeprefix("NDC").lstrip("K") if word[-1:].isdigit() and word[:1] in "Kk" else word
        safe = "".join(char for char in number if char.isdigit() or char == ".")
        lexemes = [quoted(document.CLASS + safe, ":*")] if safe and safe[0].isdigit() else []
        if key := fold(word):
            lexemes.append(quoted(document.NDLC + key, ":*"))
        if lexemes:
            found.append(Condition(fold(word), "", "(" + "|".join(lexemes) + ")"))
    return found


def conditions(row: Row) -> list[Condition]:
    """What a row asks for: all of these. In the field "any" a word may be an identifier too."""
    if row.field is Field.NUMBER:
        return _numbers(row.text)
    if row.field is Field.CLASSIFICATION:
        return _classes(row.text)
    if row.match is not Match.PART:
        key = fold(row.text)
        return [condition(key, row.field, row.match)] if key else []
    found = []
    for word in words(row.text)[:MAX_WORDS]:
        made = condition(word, row.field, row.match)
        ids = identifiers.from_query(word.upper()) if row.field is Field.ANY else []
        if ids:
            alternatives = "|".join(quoted(f"{document.NUMBER}{scheme}:{value}") for scheme, value in ids)
            made = Condition(made.word, made.letters, f"({alternatives}|{made.query})")
        found.append(made)
    return found


@dataclass(frozen=True)
class Query:
    """A compiled question: `text` for `tokens @@`, `recheck` for the candidates or empty, `words` of the ranking.

    What `certain` finds, if it is not empty, is a hit whatever `recheck` says.
    """

    text: str
    certain: str
    recheck: str
    parameters: tuple[str, ...]
    words: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.text)


def compile_rows(rows: list[Row]) -> Query:
    """Rows from left to right: each joins all that stands before it."""
    text, recheck, parameters, ranked = "", "", [], []
    exact = plain = True
    certain: list[str] = []
    for row in rows:
        found = conditions(row)
        if not found:
            continue
        negated = row.join is Join.NOT
        if not text and negated:
            # there is nothing yet to take it away from
            continue
        row_exact = all(each.is_exact for each in found)
        own = "&".join(each.query for each in found)
        checks = []
        for each in found:
            if each.is_exact:
                checks.append("tokens @@ %s::tsquery")
                parameters.append(each.query)
            else:
                sql, value = each.recheck
                checks.append(sql)
                parameters.append(value)
        check = " AND ".join(checks)
        if not text:
            text, recheck = f"({own})", f"({check})"
        elif negated:
            # what cannot be excluded for certain is left to the second look
            text = f"({text}&!({own}))" if row_exact else text
            recheck = f"({recheck} AND NOT ({check}))"
        elif row.join is Join.OR:
            text, recheck = f"({text}|({own}))", f"({recheck} OR ({check}))"
        else:
            text, recheck = f"({text}&({own}))", f"({recheck} AND ({check}))"
        exact &= row_exact
        plain &= row.join is Join.AND
        certain += [each.certain for each in found if not each.is_exact]
        if not negated:
            ranked += [each.word for each in found if each.letters]
    if exact:
        return Query(text, "", "", (), tuple(ranked))
    return Query(text, "&".join(certain) if plain else "", recheck, tuple(parameters), tuple(ranked))
