"""What the site's list of personal items opens: a password My Library, question and class a question by web."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse

from shoko_ils.mylibrary import urls
from shoko_ils.patrons import closing, declared
from shoko_ils.patrons.models import Patron
from tests.conftest import MEROS
from tests.holding import new

pytestmark = pytest.mark.django_db
WARD = {"patrons": {"items": list(declared.ITEMS)}}
OFFERED = [path.name for path in urls.urlpatterns if path.name != "provisional-new"]


def links(html: str) -> set[str]:
    """Names of the pages of My Library that a page leads to."""
    found = set()
    for name in OFFERED:
        try:
            if f'"{reverse(name)}' in html:
                found.add(name)
        except NoReverseMatch:  # of the other face
            continue
    return found


def test_without_password_in_the_list_there_is_no_my_library(public: Client, settings: Any) -> None:
    pages = ("/", f"/records/{MEROS}/", "/search/?q=zzzzzz")
    assert all(links(public.get(page).content.decode()) for page in pages)
    settings.SITE = settings.SITE | WARD
    for page in pages:
        assert links(public.get(page).content.decode()) == set()
    for name in OFFERED:
        for method in (public.get, public.post):
            assert method(reverse(name)).status_code == 404, name
    # a provisional registration needs no password
    assert public.get(reverse("provisional-new")).status_code == 200


def test_the_ward_lists_no_password() -> None:
    """S0:L188-190: 利用者番号、氏名、生年月日、住所、電話番号、メールアドレス、貸出・予約情報、保護者氏名."""
    site = declared.read({})
    assert site.listed.isdisjoint({"password", "questioner_class", "question"})
    assert (site.has_my_library, site.asks_by_web) == (False, False)


def test_at_the_counter_there_is_no_slip_with_a_code_then(staff: Client, settings: Any) -> None:
    assert '"/members/"' in staff.get("/patrons/").content.decode()
    settings.SITE = settings.SITE | WARD
    assert '"/members/"' not in staff.get("/patrons/").content.decode()
    assert staff.get("/members/").status_code == 404


@pytest.mark.parametrize("table", ["patron_password", "password_code"])
def test_the_database_stores_no_password_and_no_code_then(table: str, patron: Patron) -> None:
    assert closing.close(declared.read(WARD["patrons"])) > 0
    columns = {
        "patron_password": ("patron_id, changed_on, salt, verifier", f"%s, now(), '{'0' * 32}', '\\x{'00' * 32}'"),
        "password_code": ("patron_id, code_hash, expires_at", "%s, 'x', now()"),
    }[table]
    with (
        pytest.raises(IntegrityError, match=f"site_{table}"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"INSERT INTO private.{table} ({columns[0]}) VALUES ({columns[1]})", [patron.pk])


def ask(patron: Patron | None, channel: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO reference_question (key, channel, questioner, question, library_id, patron_id, received_on)"
            " VALUES (%s, %s, 'general', '見本', 1, %s, now())",
            [new(), channel, patron.pk if patron else None],
        )


def test_without_question_and_class_in_the_list_no_question_has_a_person(patron: Patron, settings: Any) -> None:
    listed = [*declared.ITEMS, "password"]
    settings.SITE = settings.SITE | {"patrons": {"items": listed}}
    assert (declared.site().has_my_library, declared.site().asks_by_web) == (True, False)
    ask(patron, "web")
    with pytest.raises(CommandError, match=r"^1 rows of reference_question still hold patron, .*erase them or list it"):
        call_command("sync_site", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reference_question WHERE patron_id IS NOT NULL")
    call_command("sync_site", verbosity=0)
    with pytest.raises(IntegrityError, match="site_reference_question_patron"):
        ask(patron, "web")
    ask(None, "counter")
    # and taken back: the list opens again
    settings.SITE = settings.SITE | {"patrons": {"items": [*listed, "questioner_class", "question"]}}
    call_command("sync_site", verbosity=0)
    ask(patron, "web")


def test_a_list_without_loans_is_refused_in_one_line(settings: Any) -> None:
    settings.SITE = settings.SITE | {"patrons": {"items": [each for each in declared.ITEMS if each != "loans"]}}
    with pytest.raises(CommandError, match=r"^site file: patrons.items lacks loans: .*list it as it was agreed$"):
        call_command("sync_site", verbosity=0)
