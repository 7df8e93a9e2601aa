"""Invents a few magazines: their records, and the copies of the issues of the last months."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from pymarc import Field, Record

from shoko_ils.catalog import marc
from shoko_ils.demo.invent import InventedItem
from shoko_ils.holdings.barcode import with_check_digit

AGENCY = "demo"
PUBLISHER = "見本出版"
SEASONS = {3: "春", 6: "夏", 9: "秋", 12: "冬"}
EVERY_MONTH = tuple(range(1, 13))
LEADER = f"{marc.EMPTY_LEADER[:7]}s{marc.EMPTY_LEADER[8:]}"


@dataclass(frozen=True)
class Magazine:
    """A title that nobody publishes; `months` in which an issue comes, and how many of the latest are kept."""

    title: str
    reading: str
    frequency: str
    # 008/18
    code: str
    ndc: str
    since: int
    months: tuple[int, ...]
    kept: int
    copies: int
    # position among the locations
    location: int = 0
    by_volume: bool = False

    def label(self, month: dt.date) -> str:
        """The issue of a month, as it names itself: by month, by season, or by volume and number."""
        if self.by_volume:
            return f"{month.year - self.since + 1}巻{month.month}号"
        return f"{month.year}年{SEASONS[month.month] if len(self.months) == len(SEASONS) else f'{month.month}月'}号"

    def issues(self, today: dt.date) -> list[tuple[str, dt.date]]:
        """The issues that are kept, each with the day on which it came; the latest first."""
        found = []
        month = today.replace(day=1)
        while len(found) < self.kept:
            if month.month in self.months:
                found.append((self.label(month), month))
            month = (month - dt.timedelta(days=1)).replace(day=1)
        return found


MAGAZINES = (
    Magazine("月刊架空市だより", "ゲッカン カクウシ ダヨリ", "月刊", "m", "051", 2011, EVERY_MONTH, 6, 2),
    Magazine("季刊雛形庭園", "キカン ヒナガタ テイエン", "季刊", "q", "629", 2018, tuple(SEASONS), 4, 1),
    Magazine("よみもの練習帳", "ヨミモノ レンシュウチョウ", "月刊", "m", "051", 2020, EVERY_MONTH, 4, 2,
             location=1, by_volume=True),
)  # fmt: skip


def records(today: dt.date) -> list[bytes]:
    """ISO 2709 of each; it was entered when the oldest issue that is kept came."""
    return [_marc(number, one, one.issues(today)[-1][1]) for number, one in enumerate(MAGAZINES, start=1)]


def _marc(number: int, magazine: Magazine, added_on: dt.date) -> bytes:
    made = Record(leader=LEADER)
    made.add_field(Field("001", data=f"{number:06d}"), Field("003", data=AGENCY))
    # goes on (c) until nobody knows when (9999), regularly (r), a periodical (p)
    dates = f"{added_on:%y%m%d}c{magazine.since}9999"
    made.add_field(Field("008", data=f"{dates}ja {magazine.code}r p{'':12}0jpn  "))
    marc.add(made, "084", "  ", [("a", magazine.ndc), ("2", "njb/9")])
    marc.add(made, "245", "00", [("a", magazine.title)], [("a", magazine.reading)])
    marc.add(made, "264", " 1", [("b", PUBLISHER), ("c", f"{magazine.since}-")])
    marc.add(made, "310", "  ", [("a", magazine.frequency)])
    made.fields.sort(key=lambda field: field.tag)
    return marc.write(made)


def items(first: int, numbers: list[int], libraries: int, today: dt.date) -> Iterator[InventedItem]:
    """Copies of the issues of each record in `numbers`, counted from `first`. The latest issue is not lent."""
    serial = first
    for work_id, magazine in zip(numbers, MAGAZINES, strict=True):
        for age, (issue, came_on) in enumerate(magazine.issues(today)):
            for library in range(min(libraries, magazine.copies)):
                yield InventedItem(
                    id=serial,
                    barcode=with_check_digit(f"1{serial:08d}"),
                    work_id=work_id,
                    library=library,
                    location=magazine.location,
                    call_number="雑誌",
                    library_use_only=age == 0,
                    material_class="magazine",
                    accompanying="",
                    accompanying_count=0,
                    issue=issue,
                    came_on=came_on,
                )
                serial += 1
