"""The demonstration library: complete, invented where it must be, and loaded all or nothing."""

import datetime as dt
import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.catalog.models import Authority, Heading, Record
from shoko_ils.catalog.normalise import fold
from shoko_ils.circulation.models import DayCount, Loan, OverdueContact, ReturnCase
from shoko_ils.core.models import Library
from shoko_ils.demo import catalogue, day, invent, load, magazines
from shoko_ils.holdings.barcode import check_digit, clean_scan, is_card, is_item, is_valid, with_check_digit
from shoko_ils.holdings.issues import label, order
from shoko_ils.holdings.models import Item
from shoko_ils.holdings.services.accession import next_number
from shoko_ils.holds import pull
from shoko_ils.holds.models import Hold, TitleRequest
from shoko_ils.mylibrary.models import ProvisionalRegistration
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.reference.models import Case, Question
from shoko_ils.staff.models import StaffAccount
from tests.cluster import DEMO_PASSWORD
from tests.conftest import APP, MEROS
from tests.members import log_in, my

CATALOGUE = APP / "demo" / "aozora_catalogue.csv.gz"
TABLES = ("authority", "record", "heading", "item", "patron", "card", "loan")


@pytest.mark.django_db
def test_every_row_of_the_catalogue_arrived() -> None:
    rows = list(catalogue._rows(CATALOGUE))
    works = {row["作品ID"] for _, row in rows}
    contributions = {(row["作品ID"], row["人物ID"], row["役割フラグ"]) for _, row in rows}
    assert len(rows) == 9853
    assert Record.objects.count() == len(works) + len(magazines.MAGAZINES)
    assert Heading.objects.count() == len(contributions)
    assert Authority.objects.count() == len({row["人物ID"] for _, row in rows})


@pytest.mark.django_db
def test_no_living_person_has_a_birth_year_and_no_volunteer_is_named() -> None:
    assert not Authority.objects.filter(died__isnull=True, born__isnull=False).exists()
    volunteers = {row["入力者"] for _, row in catalogue._rows(CATALOGUE)} - {"青空文庫"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(r::text, ' ') FROM (SELECT host_title, publisher FROM record) r")
        text = cursor.fetchone()[0]
    assert not {name for name in volunteers if len(name) > 3 and name in text}


@pytest.mark.django_db
def test_a_translated_work_is_one_record_with_both_persons() -> None:
    record = Record.objects.filter(headings__role="author").filter(headings__role="translator")[0]
    assert record.headings.count() == 2
    for heading in record.headings.all():
        assert heading.authority.name == heading.name
        assert fold(heading.name) in record.document.folded


@pytest.mark.django_db
def test_items_stand_in_all_libraries_with_valid_numbers() -> None:
    per_library = dict(Item.objects.values_list("library__key").annotate(n=Count("pk")))
    assert set(per_library) == set(Library.objects.values_list("key", flat=True))
    assert max(per_library.values()) < 1.2 * min(per_library.values())
    assert not Record.objects.filter(items__isnull=True).exists()
    assert Record.objects.exclude(material="serial").annotate(n=Count("items")).filter(n__gt=3).count() == 0
    assert all(is_item(barcode) for barcode in Item.objects.values_list("barcode", flat=True))
    assert all(is_card(number) for number in Card.objects.values_list("number", flat=True))


@pytest.mark.django_db
def test_records_say_what_the_catalogue_says() -> None:
    meros = Record.objects.get(pk=MEROS)
    assert (meros.source_id, meros.language, meros.material, meros.ndc) == ("aozora:001567", "jpn", "book", ["913"])
    assert (meros.published, meros.sort_key, meros.for_children) == (1988, "ハシレメロス", False)
    assert Record.objects.filter(for_children=True).exists()
    assert not Record.objects.exclude(language="jpn").exists()


@pytest.mark.django_db
def test_magazines_have_issues_and_somebody_waits_for_one() -> None:
    found = list(Record.objects.filter(material="serial").order_by("pk"))
    assert [record.title for record in found] == [one.title for one in magazines.MAGAZINES]
    today = timezone.localdate()
    for record, magazine in zip(found, magazines.MAGAZINES, strict=True):
        issues = sorted(set(record.items.values_list("issue", flat=True)), key=order, reverse=True)
        assert issues == [issue for issue, _ in magazine.issues(today)]
        assert set(record.items.filter(library_use_only=True).values_list("issue", flat=True)) == {issues[0]}
        assert set(record.items.values_list("material_class__key", "call_number")) == {("magazine", "雑誌")}
        assert record.items.count() == magazine.kept * magazine.copies
        assert not record.items.filter(accessioned_on__gt=today).exists()
    waited_for = magazines.MAGAZINES[0].issues(today)[1][0]
    assert set(Hold.objects.exclude(issue="").values_list("record", "issue")) == {(found[0].pk, waited_for)}
    assert any(line.item.issue == waited_for for line in pull.lines(Library.objects.get(key="central")))


def test_issues_name_themselves_by_month_season_or_volume() -> None:
    kept = [[issue for issue, _ in one.issues(dt.date(2026, 2, 28))] for one in magazines.MAGAZINES]
    assert kept == [
        ["2026年2月号", "2026年1月号", "2025年12月号", "2025年11月号", "2025年10月号", "2025年9月号"],
        ["2025年冬号", "2025年秋号", "2025年夏号", "2025年春号"],
        ["7巻2号", "7巻1号", "6巻12号", "6巻11号"],
    ]
    assert all(issue == label(issue) for issues in kept for issue in issues)


@pytest.mark.django_db
def test_the_next_item_number_is_found_at_once(django_assert_num_queries: Any) -> None:
    last = max(Item.objects.values_list("barcode", flat=True))
    with django_assert_num_queries(2):
        assert next_number() > last


@pytest.mark.django_db
def test_meros_is_in() -> None:
    assert not Loan.objects.filter(item__record=MEROS).exists()
    assert Item.objects.filter(record=MEROS).count() == 3


@pytest.mark.django_db
def test_patrons_cannot_exist() -> None:
    assert Patron.objects.filter(kind="person").count() == invent.PATRONS
    child = Patron.objects.exclude(guardian_name="").get()
    assert child.primary_until >= timezone.localdate()
    group = Patron.objects.get(kind="group")
    assert (group.cards.count(), group.group_contact.name) == (2, "架空 世話人")
    assert set(StaffAccount.objects.values_list("level", flat=True)) == {1, 2, 3, 4}
    persons = Patron.objects.filter(kind="person")
    assert not persons.exclude(address__startswith="架空市見本町").exists()
    assert not persons.exclude(phone__startswith="000-0000-").exists()
    assert not Patron.objects.exclude(email="").exclude(email__endswith="@example.jp").exists()
    surnames = {name for name, _ in invent.SURNAMES}
    assert {name.split()[0] for name in persons.values_list("name", flat=True)} == surnames


@pytest.mark.django_db
def test_no_patron_holds_more_than_the_limit() -> None:
    most = Patron.objects.annotate(n=Count("loans")).order_by("-n")[0].n
    assert 0 < most <= load.MAX_LOANS


@pytest.mark.django_db
def test_a_second_load_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    before = counts()
    call_command("load_demo", without_day=True)
    assert capsys.readouterr().out == "unchanged\n"
    assert counts() == before


@pytest.mark.django_db
def test_a_day_is_in_progress_and_is_begun_once(capsys: pytest.CaptureFixture[str], request: Any) -> None:
    call_command("load_demo")
    said = capsys.readouterr()
    assert said.out == "changed\n"
    done = DayCount.objects.filter(day=timezone.localdate(), count__gt=0)
    for library in Library.objects.all():
        assert set(done.filter(library=library).values_list("act", flat=True)) >= {"lend", "return", "renew"}
    assert list(ReturnCase.objects.order_by("pk").values_list("reason", "settled_on")) == [
        ("water", None), ("parts-missing", None), ("lost", None),
    ]  # fmt: skip
    assert set(OverdueContact.objects.values_list("result", flat=True)) == {"absent", "patron", "says-returned"}
    assert list(TitleRequest.objects.order_by("pk").values_list("decision", flat=True)) == ["buy", "", ""]
    assert set(Question.objects.values_list("channel", "answered_on")) == {
        ("counter", timezone.localdate()), ("web", None), ("phone", None),
    }  # fmt: skip
    assert Case.objects.count() == 1
    assert ProvisionalRegistration.objects.get().birth_date.year == 2000
    assert Event.objects.filter(actor="my-library", action="hold-place").count() == day.MEMBERS
    cards = re.findall(r"My Library: card (\d{8})", said.err)
    receipt = re.search(r"receipt number ([2-9A-Z]{4}-[2-9A-Z]{4})", said.err)
    assert len(cards) == day.MEMBERS
    assert receipt
    assert not Loan.objects.filter(item__record=MEROS).exists()
    before = counts()
    call_command("load_demo")
    assert capsys.readouterr().out == "unchanged\n"
    assert counts() == before
    citizen = request.getfixturevalue("public")
    assert log_in(citizen, cards[0], DEMO_PASSWORD)
    assert "借りている資料" in my(citizen)


@pytest.mark.django_db
def test_a_day_of_a_site_without_passwords(settings: Any) -> None:
    settings.SITE = {key: value for key, value in settings.SITE.items() if key != "patrons"}
    call_command("load_demo", verbosity=0)
    assert set(Question.objects.values_list("channel", flat=True)) == {"counter", "phone"}
    with connection.cursor() as cursor:
        assert _count(cursor, "private.patron_password") == 0


@pytest.mark.django_db
def test_the_library_is_filled_whatever_the_site_lists(settings: Any) -> None:
    empty()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM loan_rule; DELETE FROM patron_category; DELETE FROM location")
    settings.SITE = settings.SITE | {
        "patron_categories": [{"key": "friend", "ja": "友の会", "en": "Friend"}],
        "locations": [{"key": "room", "ja": "閲覧室", "en": "Reading room"}],
    }
    call_command("load_demo", verbosity=0, without_day=True)
    with connection.cursor() as cursor:
        # without the group it was set one lower, and no rollback takes that back
        cursor.execute("SELECT setval(pg_get_serial_sequence('patron', 'id'), %s)", [invent.PATRONS + 1])
    assert Patron.objects.filter(category__key="friend").count() == invent.PATRONS
    assert not Patron.objects.filter(kind="group").exists()
    assert not Item.objects.exclude(location__key="room").exists()


def counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        return {table: _count(cursor, table) for table in TABLES}


def _count(cursor, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table}")
    return int(cursor.fetchone()[0])


@pytest.mark.django_db
def test_numbers_go_on_after_the_loaded_ones() -> None:
    agent = Authority.objects.create(name="新しい 人", name_reading="あたらしい ひと", key=fold("新しい 人"))
    assert agent.pk > max(person for (person,) in Authority.objects.exclude(pk=agent.pk).values_list("pk"))


def test_the_same_input_invents_the_same_library() -> None:
    read = catalogue.read(CATALOGUE)
    assert list(invent.items(read, 4)) == list(invent.items(read, 4))
    assert list(invent.patrons(4)) == list(invent.patrons(4))
    assert len({patron.card for patron in invent.patrons(4)}) == invent.PATRONS


@pytest.mark.parametrize("libraries", [1, 2, 4, 12])
def test_any_number_of_libraries_is_filled(libraries: int) -> None:
    made = list(invent.items(catalogue.read(CATALOGUE), libraries))
    assert {item.library for item in made} == set(range(libraries))
    assert len({item.barcode for item in made}) == len(made)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not gzip", "catalogue: "),
        (gzip.compress("作品ID,作品名\nx,y\n".encode()), "catalogue: .*:2: "),
        (gzip.compress("作品ID\n1\n".encode()), "KeyError"),
    ],
    ids=["not gzip", "not a number", "no such column"],
)
@pytest.mark.django_db
def test_a_broken_catalogue_loads_nothing(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "broken.csv.gz"
    path.write_bytes(content)
    empty()
    with pytest.raises(CommandError, match=message):
        call_command("load_demo", catalogue=path)
    assert set(counts().values()) == {0}


def empty() -> None:
    """Takes the demonstration out of this test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM notice_call; DELETE FROM notice; DELETE FROM take_off; DELETE FROM transit")
        cursor.execute("DELETE FROM hold")
        cursor.execute(
            "DELETE FROM loan; DELETE FROM card; DELETE FROM group_contact; DELETE FROM patron; DELETE FROM item"
        )
        cursor.execute("DELETE FROM search_document; DELETE FROM heading; DELETE FROM identifier; DELETE FROM marc")
        cursor.execute("DELETE FROM record; DELETE FROM authority")


@pytest.mark.django_db
def test_another_library_is_not_touched() -> None:
    empty()
    Record.objects.create(
        source_id="other:1", title="別の本", title_reading="べつのほん", sort_key="べつのほん", added_on="2026-01-01",
        title_key=fold("別の本"),
    )  # fmt: skip
    with pytest.raises(CommandError, match="holds another library"):
        call_command("load_demo")


@pytest.mark.parametrize(("password", "message"), [(None, "cannot read"), ("short", "fewer than 12 characters")])
@pytest.mark.django_db
def test_passwords_that_are_refused(tmp_path: Path, password: str | None, message: str) -> None:
    path = tmp_path / "password"
    if password is not None:
        path.write_text(password)
    with pytest.raises(CommandError, match=message):
        call_command("load_demo", password_file=path)


@pytest.mark.django_db
def test_libraries_follow_the_site_file(settings, capsys: pytest.CaptureFixture[str]) -> None:
    renamed = {**settings.SITE["libraries"][0], "ja": "新しい名前"}
    settings.SITE = {**settings.SITE, "libraries": [renamed, *settings.SITE["libraries"][1:]]}
    call_command("sync_site")
    assert capsys.readouterr().out.splitlines()[-1] == "changed"
    assert Library.objects.get(key="central").name_ja == "新しい名前"
    call_command("sync_site")
    assert capsys.readouterr().out.splitlines()[-1] == "unchanged"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"material_clases": []}, "site file: material_clases is not known"),
        ({"authority": {"second_facter": True}}, "site file: authority.second_facter is not known"),
        ({"authority": {"sources": ["10.0.0.1/8"]}}, "site file: authority.sources: 10.0.0.1/8 has host bits set"),
        ({"authority": {"restricted": ["overdue:wrok"]}}, "site file: authority.restricted: unknown overdue:wrok"),
        ({"holds": {"pickup_day": 7}}, "site file, holds.pickup_day: 7 is not a valid setting"),
        ({"kiosk_networks": ["opac"]}, "site file: kiosk_networks: 'opac' does not appear to be"),
    ],
)
def test_a_site_file_with_a_slip_is_refused_before_anything_changes(settings, more: dict[str, Any], why: str) -> None:
    renamed = {**settings.SITE["libraries"][0], "ja": "新しい名前"}
    settings.SITE = {**settings.SITE, "libraries": [renamed, *settings.SITE["libraries"][1:]], **more}
    with pytest.raises(CommandError, match=re.escape(why)):
        call_command("sync_site")
    assert Library.objects.get(key="central").name_ja == "総合市民図書館"


def test_check_digits_find_every_single_error_and_almost_every_swap() -> None:
    number = with_check_digit("100001813")
    assert number == "1000018133"
    for place in range(10):
        for digit in "0123456789":
            changed = number[:place] + digit + number[place + 1 :]
            assert is_valid(changed) is (changed == number)
    assert check_digit("7992739871") == "3"  # the example of the standard's annex


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("A12345678A", "12345678"),
        ("ａ１２３４Ｂ", "1234"),
        (" 12 34 ", "1234"),
        ("12-34", "1234"),
        ("A1234", "A1234"),
        ("", ""),
    ],
)
def test_scans_are_cleaned(raw: str, meant: str) -> None:
    assert clean_scan(raw) == meant
