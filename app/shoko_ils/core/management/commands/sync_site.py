"""Brings libraries, service points, material classes and the closed list of patrons' fields in line with the site file."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction
from django.utils import timezone

from shoko_ils.core.calendar import pattern
from shoko_ils.core.calendar.days import CalendarEnds, Days
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import MaterialClass
from shoko_ils.patrons import closing, declared


class Command(BaseCommand):
    help = (
        "Create or rename what the site file lists: libraries, service points, material classes. Removes nothing."
        " Closes the list of patrons' fields to what it declares. Repeatable. Run as ils_owner."
    )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        site = settings.SITE
        changed = points = 0
        for position, entry in enumerate(site["libraries"], start=1):
            changed += bring(Library, entry, position, **_calendar(entry))
            library = Library.objects.get(key=entry["key"])
            for point in entry.get("service_points", []):
                points += 1
                bring(ServicePoint, point, points, library_id=library.pk)
        for position, entry in enumerate(site.get("material_classes", []), start=1):
            bring(MaterialClass, entry, position, counted_as=entry.get("counted_as", entry["key"]))
        try:
            closed = closing.close(declared.site())
        except closing.StillStored as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"libraries: {len(site['libraries'])}, changed: {changed}; patrons' constraints: {closed}")


def _calendar(entry: dict[str, Any]) -> dict[str, Any]:
    """The library's calendar, if the site declares one; a wrong one is refused before it closes a library for good."""
    if "closed_weekdays" in entry:
        raise CommandError(f"library {entry['key']}: closed_weekdays is now calendar.closed, see app/README.md")
    if "calendar" not in entry:
        return {}
    try:
        days = Days(entry["key"], pattern.read(entry["calendar"], f"library {entry['key']}: calendar"))
        days.next_open_day(timezone.localdate())
    except (pattern.BadCalendar, CalendarEnds) as error:
        raise CommandError(str(error)) from error
    return {"calendar": entry["calendar"]}


def bring(model: type[models.Model], entry: dict[str, Any], position: int, **more: Any) -> bool:
    """Create or change the row of `model` with the entry's key; whether anything changed."""
    wanted = {"position": position, "name_ja": entry["ja"], "name_en": entry["en"], **more}
    rows = model._default_manager.filter(key=entry["key"])
    found = rows.values(*wanted).first()
    if found is None:
        model._default_manager.create(key=entry["key"], **wanted)
    elif found != wanted:
        rows.update(**wanted)
    else:
        return False
    return True
