"""Writes the demonstration library in one transaction, by COPY. The caller holds the transaction."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection
from django.utils import timezone

from shoko_ils.catalog import store
from shoko_ils.catalog.models import Record
from shoko_ils.catalog.normalise import fold
from shoko_ils.catalog.store import copy
from shoko_ils.circulation.models import LoanRule
from shoko_ils.core.models import Library
from shoko_ils.demo import holds, invent, magazines, marc
from shoko_ils.demo.catalogue import Catalogue
from shoko_ils.holdings.models import Location, MaterialClass
from shoko_ils.patrons import declared, school
from shoko_ils.patrons.models import Card, GroupContact, Patron, PatronCategory

SOURCE = "aozora"
LOAN_DAYS, MAX_LOANS = 14, 10
NEW_YEAR = {"from": "12-29", "to": "01-04"}
# the calendars of a real city; a site that declares its own keeps them
CENTRAL_CALENDAR = {
    "closed": [{"weekday": "wed", "nth": [2, 4], "if_holiday": "next-weekday"}, NEW_YEAR],
    "hours": [{"weekdays": ["tue", "fri"], "from": "09:30", "to": "19:00"}, {"from": "09:30", "to": "17:00"}],
}
BRANCH_CALENDAR = {
    "closed": [{"weekday": "mon", "if_holiday": "next-weekday"}, NEW_YEAR],
    "open": [{"from": "08-31", "to": "08-31"}],
    "hours": [{"from": "09:30", "to": "17:00"}],
}
TABLES = ("authority", "record", "heading", "item", "patron", "card", "loan")
SLICE = 1000

Progress = Callable[[str], None]


def everything(catalogue: Catalogue, progress: Progress) -> None:
    """Load all tables of an empty library; sequences go on after the loaded numbers."""
    libraries, today = list(Library.objects.all()), timezone.localdate()
    _small_tables(libraries)
    progress(f"records: {_bibliographic(catalogue)}")
    made = list(invent.items(catalogue, len(libraries)))
    numbers = _magazines(catalogue, today)
    issues = list(magazines.items(len(made) + 1, numbers, len(libraries), today))
    progress(f"items: {_items(made + issues, libraries)}, {len(issues)} of them issues of {len(numbers)} magazines")
    people = list(invent.patrons(len(libraries)))
    progress(f"patrons: {_patrons(people, libraries)}")
    progress(f"loans: {_loans(made, people, libraries)}")
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 1)) FROM {table}"  # noqa: S608
            )
        cursor.execute("SELECT setval('item_number_seq', max(left(barcode, 9)::bigint)) FROM item")
        for table in TABLES:
            cursor.execute(f"ANALYZE {table}")
    progress(f"holds: {holds.load()}")


def _small_tables(libraries: list[Library]) -> None:
    LoanRule.objects.create(days=LOAN_DAYS, max_class_loans=MAX_LOANS, version=1)
    LoanRule.objects.create(
        material_class=MaterialClass.objects.get(key="av"), days=7, max_class_loans=2, max_renewals=0, version=1
    )
    for category in PatronCategory.objects.filter(for_groups=True):
        LoanRule.objects.create(category=category, days=30, max_loans=100, overdue_stop_days=None, version=1)
    for position, library in enumerate(libraries):
        if not library.calendar:
            library.calendar = CENTRAL_CALENDAR if position == 0 else BRANCH_CALENDAR
            library.save(update_fields=["calendar"])


def _bibliographic(catalogue: Catalogue) -> int:
    copy(
        "authority",
        ("id", "kind", "name", "name_reading", "name_roman", "born", "died", "number", "note", "key", "version"),
        (
            (
                p.id,
                "person",
                p.name,
                p.reading,
                p.roman,
                p.born,
                p.died,
                marc.authority_number(p.id),
                "",
                fold(p.name),
                1,
            )
            for p in catalogue.persons.values()
        ),
    )
    works = list(catalogue.works.values())
    for start in range(0, len(works), SLICE):
        part = works[start : start + SLICE]
        store.create([store.Entry.of(catalogue.marc_of(work), id=work.id) for work in part], "load_demo")
    return len(works)


def _magazines(catalogue: Catalogue, today: dt.date) -> list[int]:
    """Records of the invented magazines, numbered after the works."""
    numbered = enumerate(magazines.records(today), start=max(catalogue.works) + 1)
    entries = [store.Entry.of(content, id=number) for number, content in numbered]
    store.create(entries, "load_demo")
    return [entry.id for entry in entries]


def _items(made: list[invent.InventedItem], libraries: list[Library]) -> int:
    # a site with fewer has the rest of the books in its last one
    shelves = list(Location.objects.values_list("pk", flat=True))
    locations = [shelves[min(position, len(shelves) - 1)] for position in range(invent.LOCATIONS)]
    classes = dict(MaterialClass.objects.values_list("key", "pk"))
    added = dict(Record.objects.values_list("pk", "added_on"))
    return copy(
        "item",
        ("id", "barcode", "record_id", "library_id", "at_library_id", "location_id", "call_number", "condition",
         "library_use_only", "material_class_id", "accompanying", "accompanying_count", "issue", "accessioned_on"),
        (
            (i.id, i.barcode, i.work_id, libraries[i.library].pk, libraries[i.library].pk,
             locations[i.location], i.call_number, "normal", i.library_use_only,
             classes[i.material_class], i.accompanying, i.accompanying_count, i.issue, i.came_on or added[i.work_id])
            for i in made
        ),
    )  # fmt: skip


def _patrons(people: list[invent.InventedPatron], libraries: list[Library]) -> int:
    categories = list(PatronCategory.objects.filter(for_groups=False).values_list("pk", flat=True))
    count = copy(
        "patron",
        ("id", "pseudonym", "category_id", "library_id", "name", "name_reading", "reading_key", "birth_date", "address",
         "phone", "contact", "email", "guardian_name", "registered_on", "expires_on"),
        (
            (p.id, p.pseudonym, categories[p.category % len(categories)], libraries[p.library].pk, p.name, p.reading,
             fold(p.reading), p.birth_date, p.address, p.phone, "email" if p.email else "phone", p.email, "",
             p.registered_on, p.expires_on)
            for p in people
        ),
    )  # fmt: skip
    copy("card", ("number", "patron_id", "issued_on"), ((p.card, p.id, p.registered_on) for p in people))
    _a_child(people[invent.CHILD], timezone.localdate())
    for category in PatronCategory.objects.filter(for_groups=True)[:1]:
        count += _a_group(category, libraries[0], len(people) + 1, timezone.localdate())
    return count


def _a_child(person: invent.InventedPatron, today: dt.date) -> None:
    """One of the invented is a pupil of eight, with a guardian where the site stores one."""
    born = dt.date(today.year - 8, 6, 1)
    guarded = declared.site().has("guardian")
    Patron.objects.filter(pk=person.id).update(
        birth_date=born,
        primary_until=school.primary_until(born) if guarded else None,
        guardian_name=f"{person.name.split()[0]} 保護者" if guarded else "",
    )


def _a_group(category: PatronCategory, library: Library, number: int, today: dt.date) -> int:
    """A reading circle with two cards and somebody to call."""
    group = Patron.objects.create(
        pk=number,
        pseudonym=uuid.uuid5(invent.NAMESPACE, "group"),
        kind=Patron.Kind.GROUP,
        category=category,
        library=library,
        name="見本読書会",
        name_reading="ミホンドクショカイ",
        reading_key=fold("ミホンドクショカイ"),
        registered_on=today,
        expires_on=today.replace(year=today.year + 1, day=1),
    )
    if declared.site().has("group_contact"):
        GroupContact.objects.create(patron=group, name="架空 世話人", phone="000-0000-0501")
    Card.objects.bulk_create(
        Card(number=number, patron=group, patron_kind=group.kind, slot=slot, issued_on=today)
        for slot, number in enumerate(invent.GROUP_CARDS, start=1)
    )
    return 1


def _loans(made: list[invent.InventedItem], people: list[invent.InventedPatron], libraries: list[Library]) -> int:
    """Some copies are out, a few of them overdue, none beyond a patron's limit."""
    now = timezone.now()
    today = timezone.localdate()
    rule = LoanRule.objects.get(version=1, category__isnull=True, material_class__isnull=True)
    held: dict[int, int] = {}
    due: dict[tuple[int, int], dt.date] = {}

    def rows() -> Iterator[tuple[Any, ...]]:
        for item in made:
            person = people[invent.number("borrower", item.id) % len(people)]
            kept = item.work_id == invent.KEPT_IN or item.library_use_only or person.expires_on < today
            kept = kept or item.material_class != "book"
            if kept or invent.number("out", item.id) % 25 or held.get(person.id, 0) >= MAX_LOANS - 4:
                continue
            held[person.id] = held.get(person.id, 0) + 1
            days_ago = invent.number("day", item.id) % (LOAN_DAYS + 2)
            if invent.number("late", item.id) % 40 == 0:
                days_ago += invent.number("how late", item.id) % 40
            lent = today - dt.timedelta(days=days_ago)
            place = item.library, days_ago
            if place not in due:
                due[place] = libraries[item.library].next_open_day(lent + dt.timedelta(days=LOAN_DAYS))
            yield (
                item.id, person.id, libraries[item.library].pk, rule.pk, lent,
                now - dt.timedelta(days=days_ago), due[place],
            )  # fmt: skip

    return copy("loan", ("item_id", "patron_id", "library_id", "rule_id", "lent_on", "lent_at", "due_on"), list(rows()))
