"""Numbers that identify a publication, brought to one form each, so that both spellings of a number meet."""

import re
import unicodedata
from enum import StrEnum


class Scheme(StrEnum):
    """Kinds of numbers in the table `identifier`."""

    ISBN = "isbn"  # 13 digits
    ISSN = "issn"  # NNNN-NNNC
    MAGAZINE = "magazine"  # 雑誌コード, 5 digits: the title's part of the code on the cover
    JP = "jp"  # 全国書誌番号
    JAN = "jan"  # 13 digits of the bar code, where it is no ISBN


def _compact(text: str) -> str:
    return re.sub(r"[\s\-‐-―−－ー.]", "", unicodedata.normalize("NFKC", text)).upper()


def isbn(text: str) -> str | None:
    """ISBN-13 of an ISBN-10 or ISBN-13, whatever the hyphens; None if the check digit is wrong (ISO 2108)."""
    found = re.match(r"(97[89]\d{10}|\d{9}[\dX])(?!\d)", _compact(text).removeprefix("ISBN"))
    if not found:
        return None
    number = found.group(1)
    if len(number) == 10:
        total = sum((10 - place) * (10 if char == "X" else int(char)) for place, char in enumerate(number))
        return None if total % 11 else _with_ean_digit("978" + number[:9])
    return number if _with_ean_digit(number[:12]) == number else None


def isbn10(number: str) -> str | None:
    """The ten-digit form of an ISBN-13; numbers that begin with 979 have none."""
    if not number.startswith("978"):
        return None
    core = number[3:12]
    check = -sum((10 - place) * int(char) for place, char in enumerate(core)) % 11
    return core + ("X" if check == 10 else str(check))


def _with_ean_digit(digits: str) -> str:
    total = sum(int(char) * (3 if place % 2 else 1) for place, char in enumerate(digits))
    return digits + str(-total % 10)


def issn(text: str) -> str | None:
    """NNNN-NNNC, or None if the check digit is wrong (ISO 3297)."""
    number = _compact(text).removeprefix("ISSN")
    if not re.fullmatch(r"\d{7}[\dX]", number):
        return None
    total = sum((8 - place) * (10 if char == "X" else int(char)) for place, char in enumerate(number))
    return None if total % 11 else f"{number[:4]}-{number[4:]}"


def magazine(text: str) -> str | None:
    """The five digits that name a magazine, from 雑誌コード (01234-5/6) or from its bar code (491…)."""
    digits = re.match(r"\d+", _compact(text).partition("/")[0])
    number = digits.group() if digits else ""
    if len(number) == 13 and number.startswith("491"):
        return number[4:9] if _with_ean_digit(number[:12]) == number else None
    return number[:5] if 5 <= len(number) <= 7 else None


def jp(text: str) -> str | None:
    """全国書誌番号: eight digits, or the two and more of older numbers; letters of the prefix taken off."""
    found = re.fullmatch(r"(?:JP)?(\d{6,10})", _compact(text))
    return found.group(1) if found else None


def jan(text: str) -> str | None:
    """Thirteen digits of a bar code with the right check digit."""
    number = _compact(text)
    return number if re.fullmatch(r"\d{13}", number) and _with_ean_digit(number[:12]) == number else None


def from_query(word: str) -> list[tuple[Scheme, str]]:
    """Every identifier that a typed or scanned word may be."""
    if not re.search(r"\d{4}", unicodedata.normalize("NFKC", word)):
        return []
    readers = (
        (Scheme.ISBN, isbn),
        (Scheme.ISSN, issn),
        (Scheme.JP, jp),
        (Scheme.JAN, jan),
        (Scheme.MAGAZINE, magazine),
    )
    return [(scheme, value) for scheme, read in readers if (value := read(word))]
