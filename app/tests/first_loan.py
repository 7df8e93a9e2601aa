"""The first loan of a new site, as `python -m tests.first_loan owner|staff` in an environment of its own.

Nothing of the demonstration: what is there before is the schema, and what `sync_site` made of the site file.
"""

import datetime as dt
import os
import sys
import uuid

PERSONS = (
    ("yamada", "架空 山子", "中央図書館", "ward-staff", "director"),
    ("suzuki", "架空 鈴夫", "情報政策課", "ward-staff", "systems"),
)
CARD = "2700001"


def owner() -> None:
    """At the host: the first two accounts."""
    from shoko_ils.core.models import Library  # noqa: PLC0415
    from shoko_ils.staff.services import first  # noqa: PLC0415

    first.make([first.Person(*each) for each in PERSONS], Library.objects.all()[0])


def staff() -> None:
    """At the counter, with the rights of the staff service: a rule, a record, an item, a person, a loan."""
    from django.db import transaction  # noqa: PLC0415
    from pymarc import Record  # noqa: PLC0415

    from shoko_ils.audit.record import Actor  # noqa: PLC0415
    from shoko_ils.catalog import marc, store  # noqa: PLC0415
    from shoko_ils.circulation import rules  # noqa: PLC0415
    from shoko_ils.circulation.services import Outcome, lend, ruling  # noqa: PLC0415
    from shoko_ils.core.models import Library  # noqa: PLC0415
    from shoko_ils.holdings.barcode import with_check_digit  # noqa: PLC0415
    from shoko_ils.holdings.models import Location, MaterialClass  # noqa: PLC0415
    from shoko_ils.holdings.services import Accession, accession  # noqa: PLC0415
    from shoko_ils.patrons.models import Patron, PatronCategory  # noqa: PLC0415
    from shoko_ils.patrons.services import registration  # noqa: PLC0415
    from shoko_ils.staff.models import StaffAccount  # noqa: PLC0415

    assert not Patron.objects.exists()
    manager, library = StaffAccount.objects.get(login_id="yamada"), Library.objects.all()[0]
    actor = Actor(manager.login_id, library.key)
    terms = ruling.Terms(days=14, max_loans=10, max_class_loans=None, max_renewals=1)
    ruling.change_rule(actor, manager, ruling.Scope(), terms)
    assert rules.uncovered() == []
    made = Record(leader=marc.EMPTY_LEADER)
    marc.add(made, "245", "00", [("a", "最初の一冊")], [("a", "サイショ ノ イッサツ")])
    entry = store.Entry.of(marc.write(made))
    with transaction.atomic():
        store.create([entry], actor.login_id)
    place, kind = Location.objects.get(key="children"), MaterialClass.objects.get(key="book")
    item = accession(actor, Accession(entry.id, library, place, kind, "913 ﾐ"), uuid.uuid4())
    details = registration.Details(
        category_id=PatronCategory.objects.get(key="works-here").pk, name="見本 一郎", name_reading="ミホン イチロウ",
        birth_date=dt.date(1990, 4, 5), address="架空市見本町1番", phone="000-0000-0001", contact="phone",
    )  # fmt: skip
    patron = registration.register(actor, details, library, with_check_digit(CARD), uuid.uuid4())
    lent = lend(actor, patron.pk, item.barcode, library, uuid.uuid4())
    assert lent.outcome is Outcome.LENT, lent
    print(f"{patron.category} {item.location} {item.barcode} {lent.due_on}")


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = f"shoko_ils.settings.{sys.argv[1]}"
    import django

    django.setup()
    {"owner": owner, "staff": staff}[sys.argv[1]]()
