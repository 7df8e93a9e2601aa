"""My Library: what is not one's own, asked of the pages and, with the role itself, of the database."""

import uuid

import pytest
from django.db import ProgrammingError, connection
from django.test import Client
from django.utils import timezone

from shoko_ils.audit.record import Actor
from shoko_ils.circulation.models import Loan
from shoko_ils.circulation.services import lend, take_back
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import Hold, TitleRequest
from shoko_ils.mylibrary.models import MemberOrder
from shoko_ils.patrons.models import Patron
from shoko_ils.reference.models import Question
from shoko_ils.vault.models import EndedHold, Favourite, ReadingNote
from tests import holding
from tests.conftest import MEROS
from tests.members import PAGES_OF_MEMBERS, desk_works, key, my, place, put, role, said
from tests.privacy import tables_that_pair

pytestmark = pytest.mark.usefixtures("patron", "other_patron", "item", "desk")


def test_no_address_or_form_reaches_another_patron(
    member: Client, patron: Patron, other_patron: Patron, item: Item, settings: object
) -> None:
    """Every page of My Library with the numbers of another patron: nothing is shown and nothing changes."""
    settings.SITE = {**settings.SITE, "reading_history": True}  # type: ignore[attr-defined]
    with role("ils_owner"):
        (title,) = holding.titles(1)
        loan, hold = holding.lend_out(item, other_patron, due_in=2), holding.hold(other_patron, title.pk)
        library = Library.objects.get(key="south")
        asked = TitleRequest.objects.create(
            patron=other_patron, pickup_library=library, key=uuid.uuid4(), requested_on="2026-11-01", title="秘密の題"
        )
        Question.objects.create(
            key=uuid.uuid4(), channel="web", questioner="general", question="秘密の質問", library=library,
            patron=other_patron, received_on="2026-11-01",
        )  # fmt: skip
        Favourite.objects.create(patron=other_patron, record_id=MEROS, kept_on="2026-11-01")
        ReadingNote.objects.create(patron=other_patron, record_id=MEROS, lent_on="2026-11-01")
        EndedHold.objects.create(patron=other_patron, record_id=MEROS, why="cancelled", ended_on=timezone.localdate())
    before = _state_of(other_patron)
    html = my(member) + member.get("/my/history/").content.decode()
    for text in ("走れメロス", "秘密の", other_patron.name, title.title):
        assert text not in html
    assert said(member, "/my/renew/", {"key": key(), "loan": loan.pk}) == "not-renewed"
    for act in ("cancel", "resume", "pickup"):
        assert said(member, "/my/holds/", {"hold": hold.pk, "act": act, "pickup": "south"}) == "not-changed"
    days = {"first": timezone.localdate(), "until": timezone.localdate()}
    assert said(member, "/my/holds/", {"hold": hold.pk, "act": "suspend", **days}) == "not-changed"
    assert said(member, "/my/request/", {"end": asked.pk}) == "not-changed"
    said(member, "/my/favourites/", {"record": MEROS, "drop": "1"})
    said(member, "/my/holds/ended/", {"record": MEROS})
    said(member, "/my/history/", {"off": "1"})
    assert _state_of(other_patron) == before


def _state_of(patron: Patron) -> list[object]:
    """Everything that the database holds of a patron."""
    with role("ils_owner"):
        return [
            list(model.objects.filter(patron=patron).order_by("pk").values())
            for model in (Loan, Hold, TitleRequest, Question, Favourite, ReadingNote, EndedHold)
        ]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("page", PAGES_OF_MEMBERS)
def test_who_is_not_signed_in_is_sent_to_the_log_in(public: Client, page: str, method: str) -> None:
    answer = getattr(public, method)(page)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/my/login/?next=/my/")


def test_forms_need_their_token(member: Client, settings: object) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = member.cookies
    for page in PAGES_OF_MEMBERS[1:]:
        assert strict.post(page, {"on": "1"}).status_code == 403


def wear_session(client: Client) -> None:
    """What the service does at the begin of a request, for the rest of the test."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('shoko.session', %s, true)", [client.cookies["__Host-shoko-member"].value])


TABLES = ("patron", "loan", "hold", "title_request", "reference_question", "member_order", "notice",
          "private.favourite", "private.history_wish", "private.reading_note", "private.ended_hold")  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_without_a_session_the_role_sees_no_row(public: Client, patron: Patron, item: Item, table: str) -> None:
    with role("ils_owner"):
        holding.lend_out(item, patron)
        holding.hold(patron, holding.titles(1)[0].pk)
        Favourite.objects.create(patron=patron, record_id=MEROS, kept_on="2026-11-01")
        EndedHold.objects.create(patron=patron, record_id=MEROS, why="cancelled", ended_on="2026-11-01")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT set_config('shoko.session', %s, true)", ["a guess that is long enough to be a token"])
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone() == (0,)


def test_with_a_session_it_sees_those_of_its_patron(
    member: Client, patron: Patron, other_patron: Patron, item: Item
) -> None:
    with role("ils_owner"):
        holding.lend_out(item, patron)
        for each in (patron, other_patron):
            holding.hold(each, holding.titles(1)[0].pk)
    wear_session(member)
    with connection.cursor() as cursor:
        for table, number in (("patron", "id"), ("loan", "patron_id"), ("hold", "patron_id")):
            cursor.execute(f"SELECT array_agg({number}) FROM {table}")
            assert cursor.fetchone() == ([patron.pk],)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT address FROM patron",
        "SELECT phone FROM patron",
        "SELECT birth_date FROM patron",
        "SELECT * FROM patron",
        "SELECT 1 FROM card",
        "SELECT about FROM notice",
        "SELECT address FROM notice",
        "SELECT * FROM provisional_registration",
        "SELECT verifier FROM private.patron_password",
        "SELECT 1 FROM private.patron_session",
        "INSERT INTO private.patron_session VALUES ('x', 1, now(), now(), false)",
        "SELECT 1 FROM private.password_code",
        "SELECT 1 FROM private.pepper",
        "DELETE FROM private.attempt",
        "SELECT ils.password_code_put(1, 'x', interval '1 day')",
        "SELECT ils.member_unpause('x')",
        "SELECT private.mark('number', 'x')",
        "UPDATE hold SET priority = 0",
        "UPDATE loan SET due_on = '2030-01-01'",
        "UPDATE member_order SET answer = '{}'",
        "INSERT INTO private.reading_note (patron_id, record_id, lent_on) VALUES (1, 1, now())",
    ],
)
def test_what_a_public_service_in_strange_hands_cannot_do(member: Client, statement: str) -> None:
    wear_session(member)
    with connection.cursor() as cursor, pytest.raises(ProgrammingError):
        cursor.execute(statement)


@pytest.mark.parametrize(("mine", "kind"), [(False, "view"), (None, "view"), (None, "place")])
def test_an_order_for_another_patron_is_refused_by_the_database(
    member: Client, other_patron: Patron, mine: bool | None, kind: str
) -> None:
    wear_session(member)
    with connection.cursor() as cursor, pytest.raises(ProgrammingError, match="row-level security"):
        cursor.execute(
            "INSERT INTO member_order (key, patron_id, kind, asked, made_at)"
            " VALUES (gen_random_uuid(), %s, %s, '{}', now())",
            [other_patron.pk if mine is False else None, kind],
        )


def test_an_order_that_makes_no_sense_is_refused_and_the_desk_works_on(member: Client, patron: Patron) -> None:
    wear_session(member)
    with connection.cursor() as cursor:
        for kind, asked in (("nothing", "{}"), ("hold", "{}"), ("hold", '{"hold": "x", "act": []}'), ("place", "[]")):
            cursor.execute(
                "INSERT INTO member_order (key, patron_id, kind, asked, made_at)"
                " VALUES (gen_random_uuid(), %s, %s, %s, now())",
                [patron.pk, kind, asked],
            )
    desk_works()
    with role("ils_owner"):
        assert list(MemberOrder.objects.values_list("answer", flat=True)) == [{"refused": True}] * 4


def test_nothing_pairs_patron_and_item_after_the_return(
    member: Client, patron: Patron, item: Item, central: Library, actor: Actor
) -> None:
    """All that a citizen can do with a title, then the return: no row of any table holds both."""
    put(member, MEROS)
    place(member, pickup="central")
    my(member)
    with role("ils_staff"):
        lend(actor, patron.pk, item.barcode, central, uuid.uuid4())
        (loan,) = Loan.objects.filter(patron=patron)
    said(member, "/my/renew/", {"key": key(), "loan": loan.pk})
    my(member)
    with role("ils_staff"):
        take_back(actor, item.barcode, central, uuid.uuid4())
    with role("ils_owner"):
        assert not tables_that_pair(patron, item)
        assert not MemberOrder.objects.exists(), "an order leaves with its answer"
        assert not Hold.objects.filter(patron=patron).exists()
