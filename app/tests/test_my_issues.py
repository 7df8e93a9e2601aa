"""Issues of magazines on the WebOPAC and in My Library."""

import pytest
from django.test import Client

from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import Hold
from shoko_ils.holds.services import ending
from shoko_ils.patrons.models import Patron
from tests import holding
from tests.members import count, my, place, put, role, said

pytestmark = pytest.mark.usefixtures("patron", "other_patron", "item", "desk", "empty_shelves")
OCTOBER, NOVEMBER = "2026年10月号", "2026年11月号"


@pytest.fixture
def copies(item: Item) -> list[Item]:
    """Two of October, one of November, and one of December that is for use in the library."""
    made = holding.magazine(
        (OCTOBER, "central"), (NOVEMBER, "central"), (OCTOBER, "south"), ("2026年12月号", "central")
    )
    Item.objects.filter(pk=made[3].pk).update(library_use_only=True)
    return made


def put_issue(client: Client, record: int, issue: str) -> None:
    assert client.post("/my/basket/add/", {"record": record, "issue": issue}).status_code == 302


def test_the_page_of_a_magazine_offers_its_issues_the_newest_first(
    copies: list[Item], public: Client, other_patron: Patron
) -> None:
    with role("ils_owner"):
        holding.hold(other_patron, copies[0].record_id, issue=OCTOBER)
    page = public.get(f"/records/{copies[0].record_id}/").content.decode()
    stand = page.partition('id="copies-heading"')[2].partition("</section>")[0]
    assert stand.index("2026年12月号") < stand.index(NOVEMBER) < stand.index(OCTOBER)
    assert stand.count("南市民図書館") == 1
    assert stand.count('action="/my/basket/add/"') == 2, "not the latest, which is for use in the library"
    assert 'value="2026年12月号"' not in stand
    assert "予約1件・所蔵4冊" in page
    assert page.count("予約かごへ") == 2, "and not the magazine as a whole"


def test_an_issue_is_held_from_the_basket_and_shown_with_its_own_rank(
    copies: list[Item], member: Client, patron: Patron, other_patron: Patron
) -> None:
    record = copies[0].record_id
    with role("ils_owner"):
        holding.hold(other_patron, record, issue=OCTOBER)
    for issue in (OCTOBER, NOVEMBER, OCTOBER):
        put_issue(member, record, issue)
    basket = member.get("/my/basket/").content.decode()
    assert basket.count("月刊見本") == 4, "two entries, each with its title for who hears the page"
    html = place(member)
    assert "月刊見本 2026年10月号" in html
    assert "現在 2番目です（所蔵2冊）" in html
    assert "現在 1番目です（所蔵1冊）" in html
    shown = my(member)
    assert "月刊見本 2026年10月号" in shown
    assert "順番待ち（2番目）" in shown
    with role("ils_owner"):
        assert set(Hold.objects.filter(patron=patron).values_list("record", "issue")) == {
            (record, OCTOBER),
            (record, NOVEMBER),
        }


def test_one_issue_of_two_is_taken_out_of_the_basket(copies: list[Item], member: Client) -> None:
    record = copies[0].record_id
    for issue in (OCTOBER, NOVEMBER):
        put_issue(member, record, issue)
    member.post("/my/basket/", {"drop": f"{record}:{OCTOBER}"})
    html = member.get("/my/basket/").content.decode()
    assert NOVEMBER in html
    assert OCTOBER not in html


def test_a_magazine_as_a_whole_is_refused_with_what_to_do(copies: list[Item], member: Client, patron: Patron) -> None:
    put(member, copies[0].record_id)
    assert "雑誌は号ごとに予約します" in place(member)
    put_issue(member, copies[0].record_id, "2026年12月号")
    assert "貸し出せる資料がありません" in place(member)
    assert count("SELECT count(*) FROM hold WHERE patron_id = %s", patron.pk) == 0


def test_loans_and_ended_holds_name_the_issue(copies: list[Item], member: Client, patron: Patron) -> None:
    record = copies[0].record_id
    with role("ils_owner"):
        holding.lend_out(copies[1], patron)
        one = holding.hold(patron, record, issue=OCTOBER)
        ending.cancel(holding.ACTOR, one.pk, ending.Why.UNOBTAINABLE)
    html = my(member)
    assert "月刊見本 2026年11月号" in html
    assert f"月刊見本 {OCTOBER}" in html
    assert said(member, "/my/holds/ended/", {"record": record, "issue": NOVEMBER}) == "read"
    assert OCTOBER in my(member)
    assert said(member, "/my/holds/ended/", {"record": record, "issue": OCTOBER}) == "read"
    assert OCTOBER not in my(member)
