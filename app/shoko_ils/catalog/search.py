"""Search: hits best first, their exact number, and the facets, each of a bounded cost.

The text index answers which records; one pass over them counts and makes the facets. Ranking goes tier by tier and
stops when the page is full: same title, title begins so, title holds it, then the same for readings, then names, then
the rest; within a tier the newer one, then the one with more copies, then the number. README.md has the figures.

Each process remembers the answers to its last questions while the edition of the catalogue stands: of who asked it
knows nothing, and the first change of a record or of its copies makes it forget them all.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from django.db.models import F, OuterRef, Prefetch, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from shoko_ils.catalog import query as asked
from shoko_ils.catalog.extract import MATERIAL_CODES
from shoko_ils.catalog.index import edition, rows
from shoko_ils.catalog.models import Heading, Record
from shoko_ils.catalog.query import Query, Row
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import HoldCount

MAX_QUERY = 200
PER_PAGE = 20
# a deeper page answers nobody's question, and a crawler would walk there for ever
MAX_PAGES = 50
FACET_VALUES = 30
# questions whose answers a process remembers, of some kilobytes each
REMEMBERED = 2000
HITS = "tokens @@ %s::tsquery"
ORDER = "year DESC NULLS LAST, copies DESC, record_id DESC"


@dataclass(frozen=True)
class Filters:
    """What narrows a result; empty fields do not. `library` is the number of a library."""

    library: int | None = None
    material: str = ""
    shelf_class: int | None = None
    language: str = ""
    year_from: int | None = None
    year_to: int | None = None

    def sql(self) -> tuple[str, list[Any]]:
        """Condition over `search_document` and its parameters."""
        parts: list[tuple[str, Any]] = []
        if self.library is not None:
            parts.append(("libraries @> ARRAY[%s]::integer[]", self.library))
        if self.material in MATERIAL_CODES:
            parts.append(("material = %s", MATERIAL_CODES.index(self.material)))
        if self.shelf_class is not None:
            parts.append(("shelf_class = %s", self.shelf_class))
        if self.language:
            parts.append(("language = %s", self.language))
        if self.year_from is not None:
            parts.append(("year >= %s", self.year_from))
        if self.year_to is not None:
            parts.append(("year <= %s", self.year_to))
        return "".join(f" AND {text}" for text, _ in parts), [value for _, value in parts]


@dataclass
class Facets:
    """Number of hits by value, the most frequent first; years the latest first. Shared, and not changed."""

    libraries: list[tuple[int, int]] = field(default_factory=list)
    materials: list[tuple[str, int]] = field(default_factory=list)
    classes: list[tuple[int, int]] = field(default_factory=list)
    languages: list[tuple[str, int]] = field(default_factory=list)
    years: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Result:
    """Numbers of the records of one page, how many there are in all, and the facets."""

    ids: Sequence[int] = ()
    count: int = 0
    page: int = 1
    facets: Facets = field(default_factory=Facets)

    @property
    def pages(self) -> int:
        """Pages that can be opened."""
        return min(MAX_PAGES, -(-self.count // PER_PAGE))

    @property
    def is_cut(self) -> bool:
        """Whether there are hits beyond the last page."""
        return self.count > MAX_PAGES * PER_PAGE


class Search:
    """One question to the catalogue; two that ask the same are equal."""

    def __init__(self, asked_rows: list[Row], filters: Filters | None = None) -> None:
        self.query: Query = asked.compile_rows(asked_rows)
        self.filters = filters or Filters()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Search) and (self.query, self.filters) == (other.query, other.filters)

    def __hash__(self) -> int:
        return hash((self.query, self.filters))

    @cached_property
    def _narrowed(self) -> tuple[str, list[Any]]:
        """Condition after that of the text, and its parameters."""
        narrowing, values = self.filters.sql()
        if self.query.recheck and (false := self._false_candidates(narrowing, values)):
            return f"{narrowing} AND record_id <> ALL(%s)", [*values, false]
        return narrowing, values

    def _false_candidates(self, narrowing: str, values: list[Any]) -> list[int]:
        """Records that hold the triples of a long word, but not the word."""
        text = f"{self.query.text}&!({self.query.certain})" if self.query.certain else self.query.text
        sql = f"SELECT record_id FROM search_document WHERE {HITS}{narrowing} AND ({self.query.recheck}) IS NOT TRUE"  # noqa: S608
        return [number for (number,) in rows(sql, [text, *values, *self.query.parameters])]

    def statement(self, select: str, tier: str = "", then: str = "", *values: Any) -> tuple[str, list[Any]]:
        """SQL of something about the hits, or about those among them that `tier` names, and its parameters."""
        narrowing, narrowed_by = self._narrowed
        # one question to the index: a second condition might be asked of the lexemes of each hit
        text = f"({self.query.text})&({tier})" if tier else self.query.text
        return f"{select} FROM search_document WHERE {HITS}{narrowing}{then}", [text, *narrowed_by, *values]

    def run(self, page: int = 1, *, facets: bool = True) -> Result:
        """One page; a page outside of what there is becomes the nearest."""
        result = Result()
        if not self.query:
            return result
        now = edition()
        result.facets, result.count = _facets(now, self) if facets else (Facets(), _count(now, self))
        result.page = max(1, min(page, result.pages))
        # a tier is not asked for hits that are known not to be there
        result.ids = _page(now, self, result.page, min(result.page * PER_PAGE, result.count))
        return result

    def count(self) -> int:
        """Exact number of hits."""
        return int(rows(*self.statement("SELECT count(*)"))[0][0]) if self.query else 0

    def all_ids(self) -> list[int]:
        """Every hit by number, for an export and for tests."""
        if not self.query:
            return []
        return [number for (number,) in rows(*self.statement("SELECT record_id", then=" ORDER BY record_id"))]

    def ids(self, wanted: int) -> list[int]:
        """The best `wanted` hits in order."""
        found: list[int] = []
        for tier in self._tiers() if self.query else ():
            missing = wanted - len(found)
            if missing <= 0:
                break
            then = f" AND record_id <> ALL(%s) ORDER BY {ORDER} LIMIT %s"
            best = rows(*self.statement("SELECT record_id", tier, then, found, missing))
            found += [number for (number,) in best]
        return found

    def _tiers(self) -> Iterator[str]:
        """Queries that name the better hits, best first; the last, empty one is all."""
        words = self.query.words
        together = "".join(words)
        for letter in "TR" if words else "":
            yield asked.whole(letter, together)
            yield asked.begins(letter, together)
            yield "&".join(asked.part(letter, word) for word in words)
        if words:
            yield "&".join(asked.part("A", word) for word in words)
        yield ""

    def facets(self) -> tuple[Facets, int]:
        """Every facet and the number of hits in one pass over them."""
        # first by all five together: the five sums then go over few rows, not five times over the hits
        alike = "material, shelf_class, language, year, libraries"
        each = "GROUPING SETS ((material), (shelf_class), (language), (year), (libraries))"
        sum_up = f"SELECT GROUPING({alike}), {alike}, sum(n)::bigint FROM alike GROUP BY {each}"  # noqa: S608
        sql = self.statement(
            f"WITH alike AS MATERIALIZED (SELECT {alike}, count(*) AS n", then=f" GROUP BY {alike}) {sum_up}"
        )
        made = Facets()
        count = 0
        libraries: Counter[int] = Counter()
        counted: dict[int, list[tuple[Any, int]]] = {0b01111: [], 0b10111: [], 0b11011: [], 0b11101: []}
        for grouping, material, shelf_class, language, year, held_by, number in rows(*sql):
            if grouping == 0b11110:
                for library in held_by:
                    libraries[library] += number
            else:
                value = {0b01111: material, 0b10111: shelf_class, 0b11011: language or None, 0b11101: year}[grouping]
                count += number if grouping == 0b01111 else 0
                if value is not None:
                    counted[grouping].append((value, number))

        def by_number(pair: tuple[Any, int]) -> tuple[int, Any]:
            return -pair[1], pair[0]

        made.libraries = sorted(libraries.items(), key=by_number)
        made.materials = [(MATERIAL_CODES[code], n) for code, n in sorted(counted[0b01111], key=by_number)]
        made.classes = sorted(counted[0b10111])
        made.languages = sorted(counted[0b11011], key=by_number)[:FACET_VALUES]
        made.years = sorted(counted[0b11101], reverse=True)[:FACET_VALUES]
        return made, count


@lru_cache(REMEMBERED)
def _facets(_edition: str, search: Search) -> tuple[Facets, int]:
    return search.facets()


@lru_cache(REMEMBERED)
def _count(_edition: str, search: Search) -> int:
    return search.count()


@lru_cache(REMEMBERED)
def _page(_edition: str, search: Search, page: int, last: int) -> tuple[int, ...]:
    return tuple(search.ids(last)[(page - 1) * PER_PAGE :])


def simple(text: str, filters: Filters | None = None) -> Search:
    """Every word anywhere in the record."""
    return Search([Row(text[:MAX_QUERY].replace("\x00", ""))], filters)


def for_list(records: QuerySet[Record]) -> QuerySet[Record]:
    """Records with names and copies as `listing` describes them, and all that the page of one shows of its copies."""
    names = Heading.objects.exclude(kind="subject").select_related("authority")
    copies = (
        Item.objects.select_related("library", "location")
        .annotate(due_on=F("availability__due_on"), bound_as=F("bound__why"))
        .exclude(condition=Item.Condition.WITHDRAWN)
        # the columns that are public
        .only(
            *("barcode", "record", "issue", "library", "at_library", "location", "call_number", "condition"),
            "library_use_only",
        )
    )
    of_record = HoldCount.objects.filter(record=OuterRef("pk")).values("record")
    counted = records.annotate(waiting=Coalesce(Subquery(of_record.annotate(holds=Sum("waiting")).values("holds")), 0))
    return counted.defer("summary", "contents").prefetch_related(
        Prefetch("headings", queryset=names, to_attr="names"),
        Prefetch("items", queryset=copies.order_by(F("library__position"), "barcode"), to_attr="copies"),
    )
