"""A plausible catalogue of any size as ISO 2709: `python -m benchmarks.generate COUNT FILE`. Same count, same bytes.

Words of titles come from the real titles of the demonstration, drawn with the frequency that they have there, joined
with the common words of Japanese book titles; names, readings, publishers, series, classes, years and ISBNs are drawn
from skewed distributions. One in 200 records has no ISBN, one in 8 is a volume of a work, one in 5 is in a series.
"""

import datetime as dt
import random
import re
import sys
from itertools import accumulate
from pathlib import Path

from pymarc import Field, Record

from shoko_ils.catalog import identifiers, marc
from shoko_ils.demo import catalogue

SEED = 20_261_128
DEMO = Path(__file__).resolve().parent.parent / "demo" / "aozora_catalogue.csv.gz"
# words that stand in very many titles, with the share of titles that hold them, and their readings
COMMON = (
    ("日本", "ニホン", 60),
    ("歴史", "レキシ", 40),
    ("入門", "ニュウモン", 45),
    ("図書館", "トショカン", 8),
    ("学校", "ガッコウ", 14),
    ("世界", "セカイ", 30),
    ("文化", "ブンカ", 24),
    ("研究", "ケンキュウ", 45),
    ("経済", "ケイザイ", 25),
    ("物語", "モノガタリ", 30),
    ("子ども", "コドモ", 25),
    ("英語", "エイゴ", 18),
    ("料理", "リョウリ", 16),
    ("健康", "ケンコウ", 14),
    ("社会", "シャカイ", 35),
    ("科学", "カガク", 22),
    ("東京", "トウキョウ", 18),
    ("心理学", "シンリガク", 8),
    ("プログラミング", "プログラミング", 9),
    ("コンピュータ", "コンピュータ", 9),
    ("マネジメント", "マネジメント", 8),
    ("絵本", "エホン", 12),
    ("旅行", "リョコウ", 10),
    ("写真集", "シャシンシュウ", 8),
    ("教育", "キョウイク", 28),
    ("介護", "カイゴ", 9),
    ("環境", "カンキョウ", 16),
    ("音楽", "オンガク", 12),
    ("美術", "ビジュツ", 11),
    ("全集", "ゼンシュウ", 10),
)
PUBLISHERS = tuple(
    f"{name}{end}"
    for end in ("社", "書房", "出版", "館", "堂", "新聞社", "文庫")
    for name in (
        "見本",
        "青空",
        "山海",
        "新世",
        "文林",
        "みなと",
        "大和",
        "北斗",
        "若葉",
        "白鳥",
        "学習",
        "光明",
        "三色",
        "東西",
    )
)
SUBJECTS = tuple((word, reading) for word, reading, _ in COMMON)
LANGUAGES = (("jpn", 940), ("eng", 35), ("chi", 9), ("kor", 8), ("fre", 4), ("ger", 4))
LEADERS = (
    ("00000nam a2200000 i 4500", 90),
    ("00000nas a2200000 i 4500", 3),
    ("00000ngm a2200000 i 4500", 3),
    ("00000njm a2200000 i 4500", 4),
)
VOLUMES = ("上", "下", "1", "2", "3", "4", "5", "第1巻", "第2巻", "別巻")


class Generator:
    """Draws records; everything hangs on the seed."""

    def __init__(self) -> None:
        self.random = random.Random(SEED)  # noqa: S311  # a benchmark, not a secret
        read = catalogue.read(DEMO)
        self.titles = [(work.title, work.title_reading) for work in read.works.values()]
        self.people = [(person.name, person.reading) for person in read.persons.values() if person.reading]
        self.surnames = sorted({(n.split()[0], r.split()[0]) for n, r in self.people if " " in n and " " in r})
        self.given = sorted({(n.split()[-1], r.split()[-1]) for n, r in self.people if " " in n and " " in r})
        pieces = [piece for title, _ in self.titles for piece in re.findall(r"[一-龠々]{2,4}|[ァ-ヺー]{3,8}", title)]
        self.pieces = pieces or ["本"]
        self.common = list(accumulate(weight for *_, weight in COMMON))

    def _weighted(self, pairs: tuple[tuple[str, int], ...]) -> str:
        return self.random.choices([value for value, _ in pairs], [weight for _, weight in pairs])[0]

    def title(self) -> tuple[str, str]:
        draw = self.random.random()
        if draw < 0.1:
            return self.random.choice(self.titles)
        words, readings = [], []
        for _ in range(self.random.choice((1, 2, 2, 3))):
            if self.random.random() < 0.42:
                word, reading, _ = self.random.choices(COMMON, cum_weights=self.common)[0]
            else:
                word = self.random.choice(self.pieces)
                reading = self.random.choice(self.titles)[1][:6]
            words.append(word)
            readings.append(reading)
        join = self.random.choice(("の", "と", "", "・", "における"))
        return join.join(words), " ノ ".join(readings) if join == "の" else " ".join(readings)

    def name(self) -> tuple[str, str]:
        if self.random.random() < 0.1:
            return self.random.choice(self.people)
        # few names are frequent: the square of an even draw
        surname = self.surnames[int(len(self.surnames) * self.random.random() ** 2)]
        given = self.random.choice(self.given)
        return f"{surname[0]} {given[0]}", f"{surname[1]} {given[1]}"

    def record(self, number: int) -> bytes:
        """ISO 2709 of the record with a number."""
        draw = self.random
        made = Record(leader=self._weighted(LEADERS))
        year = min(2026, 2027 - int(draw.expovariate(1 / 18)))
        entered = dt.date(2020, 1, 1) + dt.timedelta(days=number % 2500)
        made.add_field(Field("001", data=f"{number:09d}"), Field("003", data="BENCH"))
        fixed = f"{entered:%y%m%d}s{year}    ja {'':17}{self._weighted(LANGUAGES)}  "
        made.add_field(Field("008", data=fixed))
        marc.add(made, "015", "  ", [("a", f"{20_000_000 + number}"), ("2", "jnb")])
        if number % 200:
            core = f"9784{number % 100_000_000:08d}"
            marc.add(made, "020", "  ", [("a", identifiers._with_ean_digit(core))])
        ndc = f"{draw.choices(range(10), (6, 5, 11, 20, 8, 9, 5, 10, 4, 22))[0]}{draw.randrange(100):02d}"
        marc.add(
            made,
            "084",
            "  ",
            [("a", ndc if draw.random() < 0.5 else f"{ndc}.{draw.randrange(1, 99)}"), ("2", "njb/10")],
        )
        for position in range(draw.choice((1, 1, 1, 2, 3))):
            name, reading = self.name()
            marc.add(
                made,
                "700" if position else "100",
                "1 ",
                [("a", name.replace(" ", ", ")), ("e", "著")],
                [("a", reading.replace(" ", ", "))],
            )
        title, reading = self.title()
        subtitle = draw.choice(self.pieces) + "をめぐって" if draw.random() < 0.3 else ""
        volume = draw.choice(VOLUMES) if number % 8 == 0 else ""
        marc.add(made, "245", "10", [("a", title), ("b", subtitle), ("n", volume)], [("a", reading)])
        marc.add(
            made, "264", " 1", [("a", "東京"), ("b", draw.choice(PUBLISHERS)), ("c", f"{year}.{draw.randrange(1, 13)}")]
        )
        marc.add(made, "300", "  ", [("a", f"{draw.randrange(60, 600)}p"), ("c", "21cm")])
        if number % 5 == 0:
            marc.add(made, "490", "0 ", [("a", f"{draw.choice(self.pieces)}選書"), ("v", str(draw.randrange(1, 300)))])
        for word, spoken in draw.sample(SUBJECTS, draw.choice((0, 1, 1, 2))):
            marc.add(made, "650", " 7", [("a", word), ("2", "ndlsh")], [("a", spoken)])
        return marc.write(made)


def main() -> int:
    count, path = int(sys.argv[1]), Path(sys.argv[2])
    generator = Generator()
    with path.open("wb") as file:
        for number in range(1, count + 1):
            file.write(generator.record(number))
    return 0


if __name__ == "__main__":
    sys.exit(main())
