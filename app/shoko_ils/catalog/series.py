"""What belongs together: the volumes of a work, the parts of a series, the works of a heading."""

from django.db.models import F, QuerySet

from shoko_ils.catalog.models import Authority, Record

MOST = 200


def volumes(record: Record) -> QuerySet[Record]:
    """The volumes of the same work in their order, this one among them; none if it has no volumes.

    The national bibliography has one record for 上下巻, other sources one for each: the same title of the same
    publisher with a volume statement is one work.
    """
    if not record.volume:
        return Record.objects.none()
    same = Record.objects.filter(title_key=record.title_key, publisher=record.publisher).exclude(volume="")
    return same.order_by(F("volume_order").asc(nulls_last=True), "pk")[:MOST]


def in_series(record: Record) -> QuerySet[Record]:
    """The other records of the same series, in the order of their numbers."""
    if not record.series_key:
        return Record.objects.none()
    same = Record.objects.filter(series_key=record.series_key).exclude(pk=record.pk)
    return same.order_by(F("series_order").asc(nulls_last=True), "sort_key", "pk")[:20]


def works(authority: Authority, limit: int) -> list[int]:
    """Numbers of the records under a heading, the newest first."""
    found = (
        Record.objects.filter(headings__authority=authority)
        .order_by(F("published").desc(nulls_last=True), "sort_key", "pk")
        .values_list("pk", flat=True)
    )
    return list(dict.fromkeys(found[: limit * 2]))[:limit]
