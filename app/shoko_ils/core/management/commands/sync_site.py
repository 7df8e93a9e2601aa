"""Brings the database in line with the site file: libraries, points, classes, categories, locations, hold rules, …"""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction
from django.utils import timezone

from shoko_ils.circulation.models import OverdueStage
from shoko_ils.circulation.models.overdue import Means
from shoko_ils.core import site as site_file
from shoko_ils.core import source
from shoko_ils.core.calendar import pattern
from shoko_ils.core.calendar.days import CalendarEnds, Days
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Location, MaterialClass
from shoko_ils.holds import site as hold_rules
from shoko_ils.holds.policy import policy
from shoko_ils.patrons import closing, declared
from shoko_ils.patrons.models import PatronCategory
from shoko_ils.staff import access, jobs


class Command(BaseCommand):
    help = (
        "Create or rename what the site file lists: libraries, service points, material classes, patron categories,"
        " locations, overdue stages, hold rules. Removes no library, and no category or location that is in use."
        " Closes the list of patrons' fields to what it declares."
        " Repeatable; the last line says `changed` or `unchanged`. Run as ils_owner."
    )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        site = settings.SITE
        try:
            changed = self._bring(site)
        except (ImproperlyConfigured, closing.StillStored) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"libraries: {len(site['libraries'])}")
        self.stdout.write("changed" if changed else "unchanged")

    def _bring(self, site: dict[str, Any]) -> int:
        """Check the site file whole, then bring the tables in line; how many rows and constraints changed."""
        _check(site)
        changed = points = 0
        for position, entry in enumerate(site["libraries"], start=1):
            changed += bring(Library, entry, position, **_calendar(entry))
            library = Library.objects.get(key=entry["key"])
            for point in entry.get("service_points", []):
                points += 1
                changed += bring(ServicePoint, point, points, library_id=library.pk)
        for position, entry in enumerate(site.get("material_classes", []), start=1):
            changed += bring(MaterialClass, entry, position, counted_as=entry.get("counted_as", entry["key"]))
        # before the hold rules, which name categories
        changed += _listed(PatronCategory, site, "patron_categories", for_groups=False)
        changed += _listed(Location, site, "locations")
        if "overdue_stages" in site:
            changed += _overdue_stages(site["overdue_stages"])
        holds = site.get("holds", {})
        if "rules" in holds:
            changed += hold_rules.sync(holds["rules"])
        return changed + closing.close(declared.site())


def _check(site: dict[str, Any]) -> None:
    """Let every part of the file be read once now, where one line can say what is wrong, not on a citizen's page."""
    site_file.check(site)
    policy()
    jobs.site()
    access.restricted()
    source.read(tuple(site.get("authority", {}).get("sources", ())), "authority.sources")
    source.read(tuple(site.get("kiosk_networks", ())), "kiosk_networks")


def _listed(model: type[models.Model], site: dict[str, Any], word: str, **optional: Any) -> int:
    """Bring a table to exactly the list under `word`; how many rows changed. A row that is used is not removed.

    Without the key everything stays as it is; an empty table is refused, because the counter could not begin.
    """
    rows = model._default_manager.all()
    if word not in site:
        if not rows.exists():
            raise CommandError(f"site file: {word} is missing: at least one is needed")
        return 0
    entries = site[word]
    changed = 0
    for position, entry in enumerate(entries, start=1):
        changed += bring(model, entry, position, **{name: entry.get(name, value) for name, value in optional.items()})
    for gone in rows.exclude(key__in=[entry["key"] for entry in entries]):
        if used := uses(gone):
            raise CommandError(
                f"site file: {word} lists no {gone.key}, which is in use ({', '.join(used)}):"
                " list it, or have these changed first; nothing was changed"
            )
        gone.delete()
        changed += 1
    return changed


def uses(row: models.Model) -> list[str]:
    """What refers to a row: "3 of patron", table by table."""
    found = []
    for relation in row._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel):
            model = relation.related_model
            if count := model._default_manager.filter(**{relation.field.name: row}).count():
                found.append(f"{count} of {model._meta.db_table}")
    return found


def _overdue_stages(entries: list[dict[str, Any]]) -> bool:
    """The stages of overdue notices, in the order of their days; contacts keep the number of their time."""
    wanted = sorted((entry["after_days"], entry["means"]) for entry in entries)
    if any(means not in set(Means) for _, means in wanted) or len({days for days, _ in wanted}) < len(wanted):
        raise CommandError(f"overdue_stages: each has its own after_days, and means of {', '.join(Means)}")
    differs = list(OverdueStage.objects.values_list("after_days", "means")) != wanted
    if differs:
        OverdueStage.objects.all().delete()
        OverdueStage.objects.bulk_create(
            OverdueStage(number=number, after_days=days, means=means)
            for number, (days, means) in enumerate(wanted, start=1)
        )
    return differs


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
