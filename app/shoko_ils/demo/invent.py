"""Invents items and patrons. The same catalogue and libraries give the same items on every machine."""

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from shoko_ils.demo.catalogue import Catalogue, Work
from shoko_ils.holdings.barcode import with_check_digit

PATRONS = 500
# position of the one who is a primary school pupil
CHILD = 490
NAMESPACE = uuid.UUID("6f1f3f0e-5f0a-4c1c-9d53-5b1d7f2a9c11")
# 走れメロス stays on the shelf, so that the walk through the demonstration always begins the same way
KEPT_IN = 1567

# names that nobody bears: sample, example, provisional, trial, template, mock, fictitious, …
SURNAMES = (
    ("見本", "みほん"), ("例田", "れいだ"), ("仮野", "かりの"), ("試川", "ためしかわ"), ("雛形", "ひながた"),
    ("模擬", "もぎ"), ("架空", "かくう"), ("例示", "れいじ"), ("仮名", "かめい"), ("試験", "しけん"),
    ("見本山", "みほんやま"), ("例沢", "れいざわ"), ("仮原", "かりはら"), ("試島", "ためしま"), ("雛田", "ひなた"),
    ("模型", "もけい"), ("架川", "かかわ"), ("例本", "れいもと"), ("仮屋", "かりや"), ("練習", "れんしゅう"),
)  # fmt: skip
GIVEN = (
    ("一郎", "いちろう"), ("二葉", "ふたば"), ("三吉", "さんきち"), ("四季", "しき"), ("五月", "さつき"),
    ("六実", "むつみ"), ("七海", "ななみ"), ("八重", "やえ"), ("九十九", "つくも"), ("十和", "とわ"),
    ("春", "はる"), ("夏生", "なつお"), ("秋", "あき"), ("冬馬", "とうま"), ("朝子", "あさこ"),
    ("昼夫", "ひるお"), ("夕", "ゆう"), ("夜宵", "やよい"), ("東", "あずま"), ("西", "にし"),
    ("南", "みなみ"), ("北斗", "ほくと"), ("赤音", "あかね"), ("青", "あお"), ("緑", "みどり"),
)  # fmt: skip
GROUP_CARDS = (with_check_digit("2999001"), with_check_digit("2999002"))
# how many of the site's locations are used: general shelves, children's, stacks
LOCATIONS = 3


def number(*parts: object) -> int:
    """A number that depends on nothing but the parts."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big")


@dataclass(frozen=True)
class InventedItem:
    """A copy of a work; `library` and `location` are positions in their lists."""

    id: int
    barcode: str
    work_id: int
    library: int
    location: int
    call_number: str
    library_use_only: bool
    # key of the material class, and what comes with the copy
    material_class: str
    accompanying: str
    accompanying_count: int
    # of a magazine: which issue, and the day on which it came
    issue: str = ""
    came_on: dt.date | None = None


def items(catalogue: Catalogue, libraries: int) -> Iterator[InventedItem]:
    """One to three copies of each work, in different libraries where there are enough."""
    serial = 0
    for work_id in sorted(catalogue.works):
        work = catalogue.works[work_id]
        copies = min(libraries, (1, 1, 2, 2, 3)[number("copies", work_id) % 5])
        if work_id == KEPT_IN:
            copies = min(libraries, 3)
        first = number("library", work_id) % libraries
        for copy in range(copies):
            serial += 1
            stacks = number("stacks", work_id, copy) % 12 == 0
            # some copies are readings on disc, some books have a disc in their back
            read_aloud = work_id != KEPT_IN and number("disc", work_id, copy) % 80 == 0
            with_disc = work_id != KEPT_IN and number("disc", work_id, copy) % 80 == 1
            yield InventedItem(
                id=serial,
                barcode=with_check_digit(f"1{serial:08d}"),
                work_id=work_id,
                library=(first + copy) % libraries,
                location=2 if stacks else int(work.for_children),
                call_number=("CD" if read_aloud else "") + call_number(work, catalogue),
                library_use_only=work_id != KEPT_IN and number("use", work_id, copy) % 60 == 0,
                material_class="av" if read_aloud else "book",
                accompanying="CD・解説書" if read_aloud else "CD" if with_disc else "",
                accompanying_count=2 if read_aloud else int(with_disc),
            )


def call_number(work: Work, catalogue: Catalogue) -> str:
    """NDC class and the first kana of the author, as on a spine: 913 ダ, K913 ミ."""
    reading = catalogue.persons[work.persons[0][0]].reading
    kana = "".join(chr(ord(char) + 0x60) if "ぁ" <= char <= "ゖ" else char for char in reading[:1])
    ndc = work.ndc[0] if work.ndc else "000"
    return f"{'K' if work.for_children else ''}{ndc} {kana}"


@dataclass(frozen=True)
class InventedPatron:
    """A person who cannot exist: address, telephone and e-mail lead nowhere."""

    id: int
    pseudonym: uuid.UUID
    card: str
    category: int
    library: int
    name: str
    reading: str
    birth_date: dt.date
    address: str
    phone: str
    email: str
    registered_on: dt.date
    expires_on: dt.date


def patrons(libraries: int) -> Iterator[InventedPatron]:
    """PATRONS people; card numbers are spread over the range, not counted upwards."""
    used: set[str] = set()
    for index in range(PATRONS):
        surname, given = SURNAMES[index % len(SURNAMES)], GIVEN[index // len(SURNAMES)]
        salt = 0
        while (card := with_check_digit(f"2{number('card', index, salt) % 10**6:06d}")) in used:
            salt += 1
        used.add(card)
        registered = dt.date(2026, 4, 1) + dt.timedelta(days=number("registered", index) % 180)
        yield InventedPatron(
            id=index + 1,
            pseudonym=uuid.uuid5(NAMESPACE, str(index)),
            card=card,
            category=number("category", index) % 10 // 3,
            library=number("home", index) % libraries,
            name=f"{surname[0]} {given[0]}",
            reading=f"{surname[1]} {given[1]}",
            birth_date=dt.date(1940, 1, 1) + dt.timedelta(days=number("birth", index) % 25000),
            address=f"架空市見本町{number('block', index) % 9 + 1}丁目{index + 1}番",
            phone=f"000-0000-{index + 1:04d}",
            email=f"sample{index + 1}@example.jp" if index % 3 == 0 else "",
            registered_on=registered,
            # every fiftieth registration has run out, so that the counter shows what it then says
            expires_on=registered if index % 50 == 49 else registered.replace(year=registered.year + 3),
        )
