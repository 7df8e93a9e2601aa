"""Loan rules: the order among them, limits by class, new versions, and what nobody thought of."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.audit.record import Actor
from shoko_ils.circulation import rules
from shoko_ils.circulation.models import Loan, LoanRule, LoanSpan, OverdueStage
from shoko_ils.circulation.services import Outcome, lend, renew, take_back
from shoko_ils.circulation.services.ruling import Scope, Terms, change_rule
from shoko_ils.circulation.trial import Trial, trial
from shoko_ils.core.models import CalendarException, Library, ServicePoint
from shoko_ils.holdings.models import Item, MaterialClass
from shoko_ils.patrons.models import Patron, PatronCategory
from shoko_ils.staff.models import Level
from tests.conftest import make_account
from tests.holding import new

pytestmark = pytest.mark.django_db
TERMS = Terms(days=14, max_loans=None, max_class_loans=None, max_renewals=1)


@pytest.fixture
def book(db: None) -> MaterialClass:
    return MaterialClass.objects.get(key="book")


@pytest.fixture
def no_rules(db: None) -> None:
    LoanRule.objects.update(ended_on=timezone.localdate())


@pytest.fixture
def point(central: Library) -> ServicePoint:
    return ServicePoint.objects.create(key="muraoka", library=central, position=1, name_ja="村岡", name_en="Muraoka")


@pytest.mark.usefixtures("no_rules")
def test_the_most_specific_rule_wins_in_one_order(
    patron: Patron, central: Library, book: MaterialClass, point: ServicePoint
) -> None:
    """Category before class, class before place, service point before library: every step outranks all before it."""

    def chosen() -> LoanRule | None:
        return rules.choose(patron.category_id, book.pk, central.pk, point.pk)

    assert chosen() is None
    category = {"category": patron.category}
    ladder = [
        {},
        {"library": central},
        {"service_point": point},
        {"material_class": book},
        {"material_class": book, "library": central},
        {"material_class": book, "service_point": point},
        category,
        category | {"library": central},
        category | {"service_point": point},
        category | {"material_class": book},
        category | {"material_class": book, "library": central},
        category | {"material_class": book, "service_point": point},
    ]
    for version, scope in enumerate(ladder, start=100):
        rule = LoanRule.objects.create(**scope, days=7, version=version)
        assert chosen() == rule, scope
    elsewhere = {"category": PatronCategory.objects.exclude(pk=patron.category_id)[0]}
    LoanRule.objects.create(**elsewhere, material_class=book, service_point=point, days=1, version=1)
    assert chosen() == rule
    LoanRule.objects.filter(pk=rule.pk).update(ended_on=timezone.localdate())
    assert chosen() != rule


def shelf(count: int, key: str = "book") -> list[Item]:
    items = list(Item.objects.filter(library_use_only=False, loans__isnull=True).order_by("pk")[:count])
    chosen = Item.objects.filter(pk__in=[item.pk for item in items])
    chosen.update(material_class=MaterialClass.objects.get(key=key))
    return items


@pytest.mark.usefixtures("no_rules")
def test_books_and_audiovisual_are_counted_apart_and_magazines_with_books(
    actor: Actor, patron: Patron, central: Library
) -> None:
    LoanRule.objects.create(days=14, max_class_loans=3, version=100)
    av = MaterialClass.objects.get(key="av")
    LoanRule.objects.create(material_class=av, days=7, max_class_loans=1, version=100)

    def lend_next(key: str) -> Outcome:
        (item,) = shelf(1, key)
        return lend(actor, patron.pk, item.barcode, central, new()).outcome

    assert [lend_next("book"), lend_next("magazine"), lend_next("av")] == [Outcome.LENT] * 3
    assert lend_next("av") is Outcome.CLASS_LIMIT_REACHED
    assert lend_next("book") is Outcome.LENT
    assert lend_next("magazine") is Outcome.CLASS_LIMIT_REACHED
    rules_of_loans = Loan.objects.filter(patron=patron).values_list("item__material_class__key", "rule__days")
    assert set(rules_of_loans) == {("book", 14), ("magazine", 14), ("av", 7)}


def test_a_class_that_is_not_lent_and_one_without_limit(actor: Actor, patron: Patron, central: Library) -> None:
    av = MaterialClass.objects.get(key="av")
    LoanRule.objects.create(material_class=av, category=patron.category, days=7, max_class_loans=0, version=100)
    (disc,) = shelf(1, "av")
    assert lend(actor, patron.pk, disc.barcode, central, new()).outcome is Outcome.CLASS_LIMIT_REACHED
    LoanRule.objects.filter(version=100).update(max_class_loans=None)
    assert lend(actor, patron.pk, disc.barcode, central, new()).outcome is Outcome.LENT


def test_a_change_is_a_new_version_and_past_loans_keep_theirs(
    actor: Actor, patron: Patron, central: Library, item: Item
) -> None:
    manager = make_account(Level.MANAGER, central)
    scope = Scope(category=patron.category, library=central)
    first = change_rule(actor, manager, scope, TERMS)
    lend(actor, patron.pk, item.barcode, central, new())
    second = change_rule(actor, manager, scope, Terms(days=21, max_loans=5, max_class_loans=None, max_renewals=0))
    loan = Loan.objects.get(item=item, returned_on__isnull=True)
    assert first is not None
    assert second is not None
    assert (loan.rule, second.version - first.version) == (first, 1)
    assert loan.due_on == central.next_open_day(timezone.localdate() + dt.timedelta(days=14))
    first.refresh_from_db()
    assert first.ended_on == timezone.localdate()
    assert rules.choose(patron.category_id, item.material_class_id, central.pk) == second
    assert change_rule(actor, manager, scope, None) is None
    assert rules.choose(patron.category_id, item.material_class_id, central.pk) not in (first, second)
    again = change_rule(actor, manager, scope, TERMS)
    assert again is not None
    assert again.version == second.version + 1
    assert Event.objects.filter(action__in=["change-rule", "end-rule"]).count() == 4


@pytest.mark.parametrize("level", [Level.OFFICER, Level.TRAINEE, Level.ASSISTANT])
def test_only_level_one_changes_a_rule(actor: Actor, central: Library, level: Level) -> None:
    with pytest.raises(PermissionDenied):
        change_rule(actor, make_account(level, central), Scope(), TERMS)


def test_what_no_rule_covers_is_listed(
    patron: Patron, central: Library, book: MaterialClass, point: ServicePoint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rules.uncovered() == []
    call_command("check_rules")
    LoanRule.objects.update(ended_on=timezone.localdate())
    everything = list(rules.combinations())
    assert rules.uncovered() == everything
    assert len(everything) == PatronCategory.objects.count() * 3 * 5
    LoanRule.objects.create(category=patron.category, material_class=book, library=central, days=14, version=100)
    left = rules.uncovered()
    # the service point of the library is covered with it
    assert len(left) == len(everything) - 2
    with pytest.raises(CommandError, match=f"{len(left)} combinations"):
        call_command("check_rules")
    assert point.name_ja in capsys.readouterr().out


def test_the_list_and_the_counter_choose_alike(patron: Patron, central: Library, point: ServicePoint) -> None:
    LoanRule.objects.create(category=patron.category, library=central, days=3, version=100)
    LoanRule.objects.create(service_point=point, days=4, version=100)
    LoanRule.objects.create(material_class=MaterialClass.objects.get(key="magazine"), days=5, version=100)
    ordered = rules.in_force()
    for each in rules.combinations():
        place = each.place
        library, spot = (place.library_id, place.pk) if isinstance(place, ServicePoint) else (place.pk, None)
        chosen = rules.choose(each.category.pk, each.material_class.pk, library, spot)
        assert rules.covering(each, ordered) == chosen


def test_overdue_stages_and_material_classes_are_the_sites(settings) -> None:
    settings.SITE = {
        **settings.SITE,
        "overdue_stages": [{"after_days": 30, "means": "phone"}, {"after_days": 10, "means": "email"}],
        "material_classes": [{"key": "kit", "ja": "紙芝居", "en": "Picture-story show", "counted_as": "book"}],
    }
    call_command("sync_site", verbosity=0)
    assert list(OverdueStage.objects.values_list("number", "after_days", "means")) == [
        (1, 10, "email"),
        (2, 30, "phone"),
    ]
    assert MaterialClass.objects.get(key="kit").counted_as == "book"
    settings.SITE = {**settings.SITE, "overdue_stages": [{"after_days": 10, "means": "pigeon"}]}
    with pytest.raises(CommandError, match="means of email, postcard, phone"):
        call_command("sync_site")


def test_a_change_is_tried_on_the_loans_of_the_last_month_and_changes_nothing(
    actor: Actor, patron: Patron, other_patron: Patron, central: Library
) -> None:
    Loan.objects.all().delete()
    today = timezone.localdate()
    Patron.objects.filter(pk=other_patron.pk).update(category=patron.category)
    items = shelf(4)
    for item in items[:3]:
        lend(actor, patron.pk, item.barcode, central, new())
    lend(actor, other_patron.pk, items[3].barcode, central, new())
    long_ago = {"lent_on": today - dt.timedelta(days=20), "due_on": today}
    Loan.objects.filter(item=items[0]).update(**long_ago)
    take_back(actor, items[1].barcode, central, new())
    before = list(LoanRule.objects.order_by("pk").values())
    terms = Terms(days=10, max_loans=1, max_class_loans=None, max_renewals=1)
    assert trial(Scope(category=patron.category), terms) == Trial(loans=4, late=1, over=1, unknown=0)
    before_the_statistics = {"material_class": items[0].material_class, "library": central, "lent_on": today}
    LoanSpan.objects.create(**before_the_statistics, kept_days=0, loans=1)
    assert trial(Scope(category=patron.category), terms) == Trial(loans=4, late=1, over=1, unknown=1)
    assert trial(Scope(material_class=MaterialClass.objects.get(key="av")), terms).loans == 0
    south = Library.objects.get(key="south")
    assert trial(Scope(category=patron.category, library=south), terms) == Trial(0, 0, 0, 0)
    # a stronger rule keeps what is its own
    LoanRule.objects.create(category=patron.category, library=central, days=14, version=100)
    assert trial(Scope(category=patron.category), terms).loans == 0
    LoanRule.objects.filter(version=100).delete()
    assert list(LoanRule.objects.order_by("pk").values()) == before


def plan(library: Library, kind: str, first: dt.date, last: dt.date) -> None:
    CalendarException.objects.create(library=library, kind=kind, first_on=first, last_on=last, reason="works")


def test_a_due_date_is_never_a_closed_day_of_the_library_that_lends(
    actor: Actor, patron: Patron, central: Library, no_rules: None
) -> None:
    today = timezone.localdate()
    fortnight, month = today + dt.timedelta(days=14), today + dt.timedelta(days=31)
    south = Library.objects.get(key="south")
    for day in (fortnight, month):
        plan(central, "closed", day, day + dt.timedelta(days=2))
        plan(central, "open", day + dt.timedelta(days=3), day + dt.timedelta(days=3))
        plan(south, "open", day, day)
    manager = make_account(Level.MANAGER, central)
    from_due = Terms(14, None, None, 1, renewal_basis=LoanRule.Basis.DUE)
    change_rule(actor, manager, Scope(), from_due)
    here, there = shelf(2)
    assert lend(actor, patron.pk, here.barcode, central, new()).due_on == fortnight + dt.timedelta(days=3)
    assert lend(actor, patron.pk, there.barcode, south, new()).due_on == fortnight
    # 17 days and the 14 of the renewal: in the closing again
    assert renew(actor, patron.pk, here.barcode, south, new()).due_on == month + dt.timedelta(days=3)
