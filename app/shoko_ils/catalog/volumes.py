"""The order of volumes: 上 before 下, 2 before 10, 別巻 and 索引 after all numbered ones."""

import re
import unicodedata

# an order is a number of volumes times SCALE; a part of a volume (第2巻 上) adds less than SCALE
SCALE = 100
PARTS = {"上": 1, "前": 1, "中": 2, "下": 3, "後": 3, "続": 4}
KANJI = {char: value for value, char in enumerate("〇一二三四五六七八九")}
ROMAN = {
    "I": 1,
    "II": 2,
    "III": 3,
    "IV": 4,
    "V": 5,
    "VI": 6,
    "VII": 7,
    "VIII": 8,
    "IX": 9,
    "X": 10,
    "XI": 11,
    "XII": 12,
}
# all orders stay below the largest 4-byte integer
LAST, APPENDIX = 20_000_000, 10_000_000
NUMBER = re.compile(r"\d{1,6}|[〇一二三四五六七八九十百]+|(?<![A-Z])[IVX]{1,4}(?![A-Z])")


def order(volume: str) -> int | None:
    """Filing number of a volume statement; None if there is none.

    >>> [order(text) for text in ("上", "下", "第2巻", "10", "第十二巻 下")]
    [1, 3, 200, 1000, 1203]
    """
    text = unicodedata.normalize("NFKC", volume).upper().strip()
    if not text:
        return None
    part = next((value for char, value in PARTS.items() if re.search(rf"{char}(?:[巻冊編篇]|$|\W)", text)), 0)
    found = NUMBER.search(text)
    if found:
        base = min(_value(found.group()), 90_000) * SCALE + part
    elif part:
        base = part
    else:
        return LAST
    return base + (APPENDIX if re.search("別巻|別冊|索引|補巻|総目次", text) else 0)


def _value(text: str) -> int:
    if text.isdigit():
        return int(text)
    if text in ROMAN:
        return ROMAN[text]
    total, digit = 0, 0
    for char in text:
        if char in "十百":
            total += (digit or 1) * (10 if char == "十" else 100)
            digit = 0
        else:
            digit = digit * 10 + KANJI.get(char, 0)
    return total + digit
