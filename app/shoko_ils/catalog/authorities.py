"""The only writer of authority records. What changes here is searched differently in the same transaction."""

from dataclasses import dataclass, field

from django.db import connection, transaction

from shoko_ils.catalog import store
from shoko_ils.catalog.models import Authority, Reference
from shoko_ils.catalog.normalise import fold

# more works than this wait for the nightly rebuild of what is stale: a form must answer in seconds
AT_ONCE = 2000
STALE = 0


class CannotSave(Exception):
    """Why an authority record cannot be saved, in Japanese."""


@dataclass(frozen=True)
class Data:
    """All that is typed of an authority record; `references` are (form, reading), `see_also` numbers."""

    kind: str
    name: str
    name_reading: str = ""
    name_roman: str = ""
    born: int | None = None
    died: int | None = None
    number: str = ""
    note: str = ""
    references: list[tuple[str, str]] = field(default_factory=list)
    see_also: list[int] = field(default_factory=list)


@transaction.atomic
def save(data: Data, *, pk: int | None = None, version: int = 0) -> Authority:
    """Create (no pk) or change the version that was opened. Raises CannotSave."""
    key = fold(data.name)[:300]
    if not key:
        raise CannotSave("見出しを入力してください")
    if data.born is not None and data.died is None:
        raise CannotSave("存命の方の生年は記録しません")
    if data.kind != Authority.Kind.PERSON and data.died is not None:
        raise CannotSave("生没年は個人の典拠だけに入力します")
    if data.number and Authority.objects.filter(number=data.number).exclude(pk=pk).exists():
        raise CannotSave(f"典拠番号 {data.number} はほかの典拠で使われています")
    same = Authority.objects.filter(kind=data.kind, key=key, born=data.born, died=data.died).exclude(pk=pk).first()
    if same:
        raise CannotSave(f"同じ見出しの典拠があります({same.name}・{same.pk})")
    values = {name: getattr(data, name) for name in
              ("kind", "name", "name_reading", "name_roman", "born", "died", "number", "note")}  # fmt: skip
    if pk is None:
        made = Authority.objects.create(key=key, **values)
        before: set[str] = set()
    else:
        found = Authority.objects.select_for_update(no_key=True).filter(pk=pk).first()
        if found is None or found.version != version:
            raise CannotSave("ほかの職員が変更しました。開き直してください")
        made, before = found, {found.key, *found.references.values_list("key", flat=True)}
        Authority.objects.filter(pk=pk).update(key=key, version=version + 1, **values)
        made.refresh_from_db()
    _write_references(made, data.references)
    made.see_also.set(Authority.objects.filter(pk__in=[other for other in data.see_also if other != made.pk]))
    refresh(made, before)
    return made


def _write_references(made: Authority, references: list[tuple[str, str]]) -> None:
    Reference.objects.filter(authority=made).delete()
    forms = {fold(name)[:300]: (name, reading) for name, reading in references if fold(name)}
    forms.pop(made.key, None)
    Reference.objects.bulk_create(
        Reference(authority=made, name=name, name_reading=reading, key=key) for key, (name, reading) in forms.items()
    )


def refresh(made: Authority, former_keys: set[str] = frozenset()) -> int:  # type: ignore[assignment]
    """Link and search again every record that stands, or stood, under a form of the heading."""
    forms = {made.key, *former_keys, *made.references.values_list("key", flat=True)}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT record_id FROM heading WHERE authority_id = %s OR kind = %s AND key = ANY(%s)"
            " ORDER BY record_id",
            [made.pk, made.kind, sorted(forms)],
        )
        numbers = [number for (number,) in cursor.fetchall()]
        cursor.execute(
            "UPDATE search_document SET built_with = %s WHERE record_id = ANY(%s)", [STALE, numbers[AT_ONCE:]]
        )
    for start in range(0, min(len(numbers), AT_ONCE), 500):
        store.project(store.load(numbers[start : min(start + 500, AT_ONCE)], lock=True))
    return len(numbers)


@transaction.atomic
def fold_again() -> int:
    """Bring the keys of headings and references to what `fold` makes of them now; returns how many it changed."""
    rows = [*Authority.objects.only("name", "key"), *Reference.objects.only("authority", "name", "key")]
    other = [(row, key) for row in rows if (key := fold(row.name)[:300]) != row.key]
    for row, key in other:
        if isinstance(row, Reference) and Reference.objects.filter(authority=row.authority_id, key=key).exists():
            # two forms of one heading that are the same now
            row.delete()
        else:
            type(row).objects.filter(pk=row.pk).update(key=key)
    return len(other)


@transaction.atomic
def remove(pk: int) -> None:
    """Delete an authority record that no record uses. Raises CannotSave."""
    found = Authority.objects.select_for_update().filter(pk=pk).first()
    if found is None:
        raise CannotSave("典拠が見つかりません")
    if used := found.headings.count():
        raise CannotSave(f"この典拠は{used}件の書誌で使われています")
    found.see_also.clear()
    found.references.all().delete()
    found.delete()


def find(text: str, kind: str = "", limit: int = 50) -> list[Authority]:
    """Authority records whose heading or reference begins with the text, by reading."""
    key = fold(text)
    if not key:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM authority WHERE starts_with(key, %s) UNION"
            " SELECT authority_id FROM authority_reference WHERE starts_with(key, %s) LIMIT %s",
            [key, key, limit * 4],
        )
        numbers = [number for (number,) in cursor.fetchall()]
    found = Authority.objects.filter(pk__in=numbers).prefetch_related("references")
    return list((found.filter(kind=kind) if kind else found).order_by("name_reading", "pk")[:limit])
