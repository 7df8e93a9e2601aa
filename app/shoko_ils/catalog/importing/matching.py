"""Which record of the catalogue is the same as one that comes in: rules in the order of their certainty.

The first rule that finds something decides. More than one record found is for a person to decide: quarantine.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection

from shoko_ils.catalog.extract import Extracted
from shoko_ils.catalog.identifiers import Scheme
from shoko_ils.catalog.marc import Unreadable
from shoko_ils.catalog.normalise import fold

Key = tuple[str, str]
CONTROL, ISBN, DESCRIPTION = "control", "isbn", "description"


@dataclass(frozen=True)
class Known:
    """What matching needs to know of a record of the catalogue, or of one that came earlier in the same file."""

    id: int
    title_key: str
    volume_key: str


@dataclass
class Index:
    """Known records by their keys."""

    by_key: dict[Key, dict[int, Known]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, made: Extracted, number: int) -> None:
        """A record that has just been accepted under a number (negative while it has none)."""
        for key in keys(made):
            self.by_key[key][number] = Known(number, made.title_key[:400], made.volume_key[:100])


def keys(made: Extracted) -> list[Key]:
    """Keys of a record in the order of the rules."""
    found: list[Key] = [(CONTROL, made.source_id)] if made.source_id else []
    numbers = made.identifiers
    found += [("jp", value) for scheme, value in numbers if scheme is Scheme.JP]
    found += [(ISBN, value) for scheme, value in numbers if scheme is Scheme.ISBN]
    found += [("issn", f"{value} {made.title_key}") for scheme, value in numbers if scheme is Scheme.ISSN]
    if made.names and made.published and made.publisher and not numbers:
        found.append((DESCRIPTION, description(made)))
    return found


def description(made: Extracted) -> str:
    """Title, volume, first name, publisher and year, folded: for records without any number."""
    parts = (made.title_key, made.volume_key, made.names[0].key, fold(made.publisher), str(made.published))
    return "\x1f".join(parts)


def index(records: Sequence[Extracted]) -> Index:
    """What the catalogue knows of the keys of these records, in three statements."""
    found = Index()
    wanted = [key for made in records for key in keys(made)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT source_id, id, title_key, volume_key FROM record WHERE source_id = ANY(%s)",
            [[value for kind, value in wanted if kind == CONTROL]],
        )
        for value, *known in cursor.fetchall():
            found.by_key[CONTROL, value][known[0]] = Known(*known)
        numbers = [(kind, value.partition(" ")[0]) for kind, value in wanted if kind in {"jp", ISBN, "issn"}]
        cursor.execute(
            "SELECT i.scheme, i.value, r.id, r.title_key, r.volume_key"
            " FROM (SELECT DISTINCT * FROM unnest(%s::text[], %s::text[])) AS w(scheme, value)"
            " JOIN identifier i ON i.scheme = w.scheme AND i.value = w.value JOIN record r ON r.id = i.record_id",
            [[kind for kind, _ in numbers], [value for _, value in numbers]],
        )
        for kind, value, *known in cursor.fetchall():
            key = f"{value} {known[1]}" if kind == "issn" else value
            found.by_key[kind, key][known[0]] = Known(*known)
        titles = [made.title_key[:400] for made in records if any(kind == DESCRIPTION for kind, _ in keys(made))]
        if titles:
            cursor.execute(
                "SELECT r.title_key, r.volume_key, h.key, r.publisher, r.published, r.id FROM record r"
                " JOIN heading h ON h.record_id = r.id AND h.position = 0 WHERE r.title_key = ANY(%s)"
                " AND NOT EXISTS (SELECT 1 FROM identifier i WHERE i.record_id = r.id)",
                [titles],
            )
            for title, volume, name, publisher, year, number in cursor.fetchall():
                key = "\x1f".join((title, volume, name, fold(publisher), str(year)))
                found.by_key[DESCRIPTION, key][number] = Known(number, title, volume)
    return found


def choose(made: Extracted, known: Index) -> int | None:
    """The record that `made` is, or None if it is new. Raises Unreadable if that cannot be decided."""
    for kind, value in keys(made):
        hits = list(known.by_key.get((kind, value), {}).values())
        if kind == ISBN:
            # one ISBN stands for a set and for its volumes
            volume = made.volume_key[:100]
            hits = [hit for hit in hits if hit.volume_key == volume or not hit.volume_key or not volume]
            exact = [hit for hit in hits if hit.volume_key == volume]
            hits = exact or hits
            if hits and not any(_alike(hit.title_key, made.title_key) for hit in hits):
                raise Unreadable(
                    "isbn-other-title", f"同じISBN({value})で書名の違う書誌があります(書誌番号 {hits[0].id})"
                )
        if len(hits) > 1:
            numbers = "、".join(str(hit.id) for hit in hits[:5] if hit.id > 0) or "同じファイルの中"
            raise Unreadable("ambiguous", f"一致する書誌が{len(hits)}件あります({numbers}・一致項目 {kind})")
        if hits:
            return hits[0].id
    return None


def _alike(one: str, other: str) -> bool:
    """Whether two titles may be the same: one begins the other, as with and without a subtitle."""
    return one.startswith(other[:400]) or other.startswith(one)
