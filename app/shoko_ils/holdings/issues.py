"""Issues of magazines (号): how a label is written, and in which order issues come."""

import re
import unicodedata

# as months, where an issue is named by its season
SEASONS = {"春": "4", "夏": "7", "秋": "10", "冬": "12"}
LONGEST = 40


def label(text: str) -> str:
    """One way to write the same issue.

    >>> [label(text) for text in ("２０２６年 １１月号", " 12巻\u30003号 ", "")]
    ['2026年11月号', '12巻3号', '']
    """
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))[:LONGEST]


def titled(*parts: str) -> str:
    """Title, volume and issue as they stand beside each other: two volumes or issues must not look alike."""
    return " ".join(filter(None, parts))


def order(text: str) -> tuple[int, ...]:
    """Filing order of a label: its numbers from left to right, a season as a month.

    >>> sorted(["2026年11月号", "2026年9月号", "2025年冬号"], key=order)
    ['2025年冬号', '2026年9月号', '2026年11月号']
    """
    for season, month in SEASONS.items():
        text = text.replace(season, month)
    return tuple(int(number) for number in re.findall(r"[0-9]{1,9}", text))
