"""Counting the day's work."""

import datetime as dt

from django.db import connection
from django.utils import timezone

from shoko_ils.circulation.models import DayCount
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Item

# one more `act`, by named places of a statement
ONE_MORE = (
    "INSERT INTO day_count (day, library_id, service_point_id, act, material_class_id, count)"
    " VALUES (%(day)s, %(library)s, %(point)s, %(act)s, %(class)s, %(by)s)"
    " ON CONFLICT (day, library_id, service_point_id, act, material_class_id)"
    " DO UPDATE SET count = day_count.count + excluded.count"
)


def count(
    act: str,
    item: Item,
    library: Library,
    point: ServicePoint | None = None,
    by: int = 1,
    *,
    day: dt.date | None = None,
) -> None:
    """One more `act` at this place (`by=-1`: one less) on `day` (default: today).

    Call it shortly before the audit, for the same reason.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            ONE_MORE,
            {
                "day": day or timezone.localdate(),
                "library": library.pk,
                "point": point.pk if point else None,
                "act": act,
                "class": item.material_class_id,
                "by": by,
            },
        )


def of_day(day: dt.date) -> list[DayCount]:
    """All counts of a day, by place, act and class."""
    counts = DayCount.objects.filter(day=day, count__gt=0).select_related("library", "service_point", "material_class")
    return list(counts.order_by("library__position", "service_point__position", "act", "material_class__position"))
