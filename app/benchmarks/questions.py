"""What citizens ask the WebOPAC in a benchmark: a few questions of many people, and the long tail that each asks alone.

Half of the questions are the popular ones below, the other half titles, words of titles, names and readings of the
catalogue itself, drawn by Zipf's law: the r-th of 30,000 r times less often than the first. One in ten narrows its
answer by a library or a kind of material, as who clicks on a facet. The same seed asks the same.
"""

import random
import re
import urllib.parse
from itertools import accumulate

from tests.cluster import Server

TAIL, NARROWED = 0.5, 0.1
DRAWN = 15_000
WORD = re.compile(r"[一-龠々]{2,6}|[ァ-ヺー]{3,10}")
NARROWINGS = ("library=central", "library=south", "material=book", "language=jpn", "from=2015")
# kinds of questions: very common words, pairs of words, names, kana, long words, rare titles, numbers, mistakes
POPULAR = (
    ("日本", 8),
    ("歴史", 6),
    ("図書館", 5),
    ("学校", 4),
    ("日本の歴史", 5),
    ("日本 経済 入門", 5),
    ("世界の文化", 4),
    ("夏目漱石", 6),
    ("なつめそうせき", 4),
    ("こころ", 5),
    ("走れメロス", 6),
    ("はしれめろす", 4),
    ("プログラミング", 5),
    ("コンピュータ 教育", 4),
    ("心理学 入門", 4),
    ("銀河鉄道の夜", 5),
    ("芥川 羅生門", 4),
    ("絵本 子ども", 4),
    ("キョウイク", 3),
    ("9784000000010", 3),
    ("猫", 2),
    ("銀河鉄道の昼", 2),
    ("見本書房", 2),
)


class Questions:
    """Draws addresses of searches, each with the kind that it is counted under."""

    def __init__(self, postgres: Server, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  # a benchmark, not a secret
        self.tail = self._of_the_catalogue(postgres)
        self.weights = list(accumulate(1 / rank for rank in range(1, len(self.tail) + 1)))

    def _of_the_catalogue(self, postgres: Server) -> list[str]:
        """Titles and names in an order that only hangs on their numbers, each as somebody might type it."""
        found = []
        with postgres.connect() as connection:
            for sql in (
                "SELECT title FROM ils.record ORDER BY md5(id::text) LIMIT %s",
                "SELECT name FROM ils.heading WHERE kind = 'person' ORDER BY md5(id::text) LIMIT %s",
            ):
                found += [text for (text,) in connection.execute(sql, [DRAWN])]
        typed = random.Random(len(found))  # noqa: S311
        for position, text in enumerate(found):
            words = WORD.findall(text)
            if words and typed.random() < 0.4:
                found[position] = typed.choice(words)
        typed.shuffle(found)
        return found

    def draw(self) -> tuple[str, str]:
        """(kind, path)."""
        is_tail = self.random.random() < TAIL
        if is_tail:
            text = self.random.choices(self.tail, cum_weights=self.weights)[0]
        else:
            text = self.random.choices([q for q, _ in POPULAR], [w for _, w in POPULAR])[0]
        path = "/search/?q=" + urllib.parse.quote(text)
        if self.random.random() < NARROWED:
            return "narrowed", f"{path}&{self.random.choice(NARROWINGS)}"
        return ("tail" if is_tail else "popular"), path
