"""The hold counter (F5) as a librarian uses it, with the service's own database role."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.circulation.models import LendingBlock
from shoko_ils.circulation.services import Outcome
from shoko_ils.core.models import Library
from shoko_ils.counter.messages import notice
from shoko_ils.holdings.barcode import with_check_digit
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import Hold, State, TitleRequest, Transit
from shoko_ils.holds.services import ending
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.staff.access import ACCESS
from shoko_ils.staff.models import Level
from shoko_ils.vault.models import EndedHold
from tests.conftest import MEROS, act_as, log_in, make_account
from tests.holding import ACTOR, hold, lend_out, magazine, new, scan, state
from tests.members import store_password
from tests.test_staff import Counter, hidden, read

pytestmark = pytest.mark.usefixtures("empty_shelves")


@pytest.fixture
def waits(patron: Patron, empty_shelves: None) -> Hold:
    """A hold of a patron who is told by telephone."""
    Patron.objects.filter(pk=patron.pk).update(contact="phone", email="", phone="000-1111-2222")
    return hold(patron, MEROS)


def test_the_morning_from_the_pull_list_to_the_telephone(
    waits: Hold, item: Item, patron: Patron, staff: Client, settings: Any
) -> None:
    pull = Counter(staff, "/holds/pull/")
    assert item.barcode in pull.html
    html = pull.scan(item.barcode)
    assert "予約あり → 取置 棚 A-1" in html
    slip = Hold.objects.get(pk=waits.pk).slip_number
    assert f"票番号 {slip:04d}" in html
    assert "抜き取る資料 0点" in html
    printed = read(staff, f"/holds/slips/{waits.pk}/")
    assert f"{slip:04d}" in printed
    assert "A-1" in printed
    shelf = read(staff, "/holds/shelf/")
    assert "未連絡" in shelf
    assert item.barcode in shelf
    for page in (pull.html, printed, shelf):
        assert patron.name not in page
    assert patron.name not in read(staff, "/holds/contact/")  # the return could still be undone
    act_as("ils_owner", "ils")
    Notice.objects.update(not_before="2026-01-01T00:00:00Z")
    act_as("ils_staff", "ils")
    contact = read(staff, "/holds/contact/")
    assert patron.name in contact
    assert "000-1111-2222" in contact
    assert "走れメロス" not in contact
    notice = Notice.objects.get()
    staff.post("/holds/contact/", {"notice": notice.pk, "result": "absent"})
    assert "留守" in read(staff, "/holds/contact/")
    staff.post("/holds/contact/", {"notice": notice.pk, "result": "self"})
    assert patron.name not in read(staff, "/holds/contact/")
    assert state(waits) is State.NOTIFIED
    act_as("ils_owner", "ils")
    assert Event.objects.filter(action="list-patron", screen="contact", subject=patron.pseudonym).count() == 2


def test_what_is_not_found_goes_off_the_list_for_another(waits: Hold, item: Item, staff: Client) -> None:
    pull = Counter(staff, "/holds/pull/")
    sent = {"scan": item.barcode, "key": hidden(pull.html, "key"), "act": "not-found"}
    answers = [staff.post("/holds/pull/", sent).content.decode() for _ in range(2)]  # sent twice: counted once
    assert all("見つからない" in answer for answer in answers)
    item.refresh_from_db()
    assert item.condition == Item.Condition.NORMAL


def test_return_prints_a_transit_slip_and_the_other_library_sees_it_coming(
    patron: Patron, item: Item, staff: Client
) -> None:
    act_as("ils_owner", "ils")
    hold(patron, MEROS, "south")
    act_as("ils_staff", "ils")
    html = Counter(staff, "/return/").scan(item.barcode)
    assert "予約あり → 回送 南市民図書館" in html
    (link,) = re.findall(r"/holds/slips/\d+/", html)
    assert "南市民図書館" in read(staff, link)
    log_in(staff, "demo", Library.objects.get(key="south"))
    arrivals = Counter(staff, "/holds/arrivals/")
    assert item.barcode in arrivals.html
    assert "予約あり → 取置 棚 A-1" in arrivals.scan(item.barcode)
    assert not Transit.objects.filter(ended_on=None).exists()


def test_what_has_been_on_its_way_too_long_is_named_where_it_should_arrive(staff: Client, settings: Any) -> None:
    """After the days of the site and not on the last of them; not at another library, and not after its arrival."""
    settings.SITE = settings.SITE | {"holds": {"transit_days": 2}}
    south = Library.objects.get(key="south")

    def sent(to: str, days: int) -> Item:
        item = Item.objects.filter(library__key=to, loans=None, transits=None, library_use_only=False)[0]
        assert scan(item, "central") == Outcome.SEND_HOME
        Transit.objects.filter(item=item).update(sent_on=timezone.localdate() - dt.timedelta(days=days))
        return item

    def named(html: str) -> list[str]:
        found = re.search(r"<caption>到着が遅れている資料 (\d+)点</caption>(.*?)</table>", html, re.DOTALL)
        numbers = re.findall(r'name="scan" value="(\d+)"', found.group(2)) if found else []
        assert len(numbers) == (int(found.group(1)) if found else 0)
        return numbers

    act_as("ils_owner", "ils")
    in_time, late, elsewhere = sent("south", 2), sent("south", 3), sent("tsujido", 9)
    act_as("ils_staff", "ils")
    assert named(read(staff, "/holds/arrivals/")) == []
    log_in(staff, "demo", south)
    arrivals = Counter(staff, "/holds/arrivals/")
    assert named(arrivals.html) == [late.barcode]
    assert in_time.barcode in arrivals.html
    assert elsewhere.barcode not in arrivals.html
    assert named(arrivals.scan(late.barcode)) == []


def test_the_counter_asks_before_lending_past_a_hold(
    waits: Hold, item: Item, other_patron: Patron, staff: Client
) -> None:
    number = Card.objects.get(patron=other_patron, ended_on=None).number
    act_as("ils_owner", "ils")
    Item.objects.filter(record=MEROS).exclude(pk=item.pk).update(library_use_only=True)
    act_as("ils_staff", "ils")
    counter = Counter(staff, "/lend/")
    counter.scan(number)
    assert "来館者優先で貸し出しますか" in counter.scan(item.barcode)
    assert "今回の貸出" not in counter.html
    counter.scan("9013")  # no
    assert "来館者優先で貸し出しますか" in counter.scan(item.barcode)
    assert "貸し出しました" in counter.scan("9012")
    assert state(waits) is State.QUEUED


def test_what_is_ready_for_another_is_not_lent(
    waits: Hold, item: Item, patron: Patron, other_patron: Patron, staff: Client
) -> None:
    Counter(staff, "/holds/pull/").scan(item.barcode)
    counter = Counter(staff, "/lend/")
    counter.scan(Card.objects.get(patron=other_patron, ended_on=None).number)
    html = counter.scan(item.barcode)
    assert "ほかの方に取置中です" in html
    assert patron.name not in html
    counter.scan(Card.objects.get(patron=patron, ended_on=None).number)
    assert "貸し出しました" in counter.scan(item.barcode)
    assert state(waits) is State.FULFILLED


def test_a_hold_is_placed_changed_and_cancelled_at_the_counter(card: Card, item: Item, staff: Client) -> None:
    html = staff.post("/holds/place/", {"scan": card.number, "key": str(new())}).content.decode()
    assert card.patron.name in html
    sent = {"scan": item.barcode, "pickup": "south", "key": hidden(html, "key"), "group_kind": ""}
    sitting = {"sitting": hidden(html, "sitting")}
    # the same form twice: a repeated scan of the same key
    placed = [staff.post("/holds/place/", {**sent, **sitting}).content.decode() for _ in range(2)]
    assert all("予約を受け付けました" in html for html in placed)
    waits = Hold.objects.get(patron=card.patron)
    assert waits.pickup_library.key == "south"
    changed = staff.post("/holds/place/", {**sitting, "hold": waits.pk, "act": "pickup", "pickup": "central"})
    assert "変更しました" in changed.content.decode()
    assert staff.get(f"/holds/queue/{MEROS}/").status_code == 200
    staff.post("/holds/place/", {**sitting, "hold": waits.pk, "act": "cancel"})
    assert state(waits) is State.CANCELLED
    act_as("ils_owner", "ils")
    assert Event.objects.filter(action="view-holds", subject=card.patron.pseudonym).count() == 1
    assert not Event.objects.filter(action__in=["hold-place", "hold-cancel"], subject__isnull=False).exists()


def opened(staff: Client, card: Card) -> dict[str, str]:
    """The fields of the place-a-hold page with a patron's card scanned."""
    html = staff.post("/holds/place/", {"scan": card.number, "key": str(new())}).content.decode()
    return {"sitting": hidden(html, "sitting"), "pickup": "central"}


def placed(staff: Client, fields: dict[str, str], **sent: str) -> str:
    """The page after one more scan; the fields go on with its sitting."""
    html = staff.post("/holds/place/", {**fields, "key": str(new()), **sent}).content.decode()
    fields["sitting"] = hidden(html, "sitting")
    return html


@pytest.mark.parametrize("kind", ["sequence", "either"])
def test_a_group_is_gathered_scan_by_scan_and_placed_by_an_empty_enter(
    card: Card, item: Item, staff: Client, kind: str
) -> None:
    other = Item.objects.filter(library_use_only=False, condition="normal").exclude(record=item.record_id)[0]
    fields = opened(staff, card)
    for one in (item, other, item):
        html = placed(staff, fields, scan=one.barcode, group_kind=kind)
        assert "組に加えました" in html
        assert not Hold.objects.filter(patron=card.patron).exists()
    assert "予約を受け付けました" in placed(staff, fields, scan="", group_kind=kind)
    made = Hold.objects.filter(patron=card.patron).order_by("group_position")
    assert [(one.record_id, one.group_kind) for one in made] == [(item.record_id, kind), (other.record_id, kind)]


def test_the_next_card_says_which_group_was_not_placed(
    card: Card, item: Item, other_patron: Patron, staff: Client
) -> None:
    fields = opened(staff, card)
    placed(staff, fields, scan=item.barcode, group_kind="sequence")
    other = Card.objects.get(patron=other_patron, ended_on=None)
    html = placed(staff, fields, scan=other.number, group_kind="sequence")
    assert "前の方の組は予約していません" in html
    assert item.barcode in html
    assert other_patron.name in html
    assert not Hold.objects.exists()
    # of the group nothing is left: what is scanned now is of the other patron, by itself
    assert "予約を受け付けました" in placed(staff, fields, scan=item.barcode, group_kind="")
    assert list(Hold.objects.values_list("patron", "group_kind")) == [(other_patron.pk, "")]


def test_a_group_that_was_put_aside_is_not_placed(card: Card, item: Item, staff: Client) -> None:
    fields = opened(staff, card)
    placed(staff, fields, scan=item.barcode, group_kind="either")
    assert item.barcode not in placed(staff, fields, aside="1", group_kind="either")
    html = staff.post("/holds/place/", {**fields, "key": str(new()), "scan": ""}).content.decode()
    assert card.patron.name not in html, "an empty Enter ends the patron now"
    assert not Hold.objects.exists()


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("9010", "stop-of-lending"),
        ("1000000001", "stop-unknown-item"),
        (with_check_digit("2799999"), "stop-unknown-card"),
        ("27999990", "stop-misread-card"),
    ],
)
def test_every_barcode_is_answered_where_holds_are_placed(
    card: Card, item: Item, staff: Client, number: str, says: str
) -> None:
    fields = opened(staff, card)
    html = staff.post("/holds/place/", {**fields, "key": str(new()), "scan": number}).content.decode()
    assert f'<span class="notice-headline">{notice(says).headline}</span>' in html
    assert not Hold.objects.exists()


def test_a_barcode_of_the_desk_sheet_opens_its_window(card: Card, staff: Client) -> None:
    for page in ("/holds/place/", "/holds/queue/", f"/holds/queue/{MEROS}/"):
        answer = staff.post(page, {"scan": "9002", "key": str(new())})
        assert (answer.status_code, answer["Location"]) == (302, "/lend/"), page


def test_a_group_that_is_not_finished_holds_the_window_open(card: Card, item: Item, staff: Client) -> None:
    fields = opened(staff, card)
    placed(staff, fields, scan=item.barcode, group_kind="either")
    html = placed(staff, fields, scan="9002", group_kind="either")
    assert "notice-stop" in html
    assert item.barcode in html
    assert not Hold.objects.exists()


def test_a_scan_opens_a_queue_from_every_queue(item: Item, staff: Client) -> None:
    act_as("ils_owner", "ils")
    (of_issue,) = magazine(("2026年11月号", "central"))
    act_as("ils_staff", "ils")
    for page in ("/holds/queue/", f"/holds/queue/{MEROS}/", f"/holds/queue/{of_issue.record_id}/2026年11月号/"):
        for one in (item, of_issue):
            answer = staff.post(page, {"scan": one.barcode, "key": str(new())})
            html = read(staff, answer["Location"])
            assert f"{one.record.title} {one.issue}".strip() in html
        assert "登録のない資料番号です" in staff.post(page, {"scan": "1000000001", "key": str(new())}).content.decode()


def test_an_issue_is_held_and_seen_at_the_counter(card: Card, patron: Patron, staff: Client) -> None:
    act_as("ils_owner", "ils")
    october, november = magazine(("2026年10月号", "central"), ("2026年11月号", "central"))
    act_as("ils_staff", "ils")
    html = placed(staff, opened(staff, card), scan=november.barcode)
    assert "予約を受け付けました" in html
    assert "月刊見本 2026年11月号" in html
    assert Hold.objects.get(patron=patron).issue == "2026年11月号"
    html = read(staff, "/holds/queue/")
    assert "月刊見本" in html
    assert "2026年11月号" in html
    pull = read(staff, "/holds/pull/")
    assert november.barcode in pull
    assert "2026年11月号" in pull
    assert october.barcode not in pull


def test_a_patron_who_would_be_passed_over_is_told_why_at_the_counter(
    card: Card, item: Item, patron: Patron, staff: Client
) -> None:
    act_as("ils_owner", "ils")
    hold(patron, item.record_id)
    LendingBlock.objects.create(patron=patron, reason="address", began_on=timezone.localdate(), made_by="demo")
    act_as("ils_staff", "ils")
    # no copy has come in since: nothing is written down yet, and the reason stands there all the same
    sent = {"scan": card.number, "key": hidden(read(staff, "/holds/place/"), "key")}
    assert "貸出停止中" in staff.post("/holds/place/", sent).content.decode()


def test_the_queue_shows_order_rank_and_reason_and_no_name(waits: Hold, patron: Patron, staff: Client) -> None:
    staff.post(
        f"/holds/queue/{MEROS}/", {"hold": waits.pk, "act": "suspend", "first": "2026-01-01", "until": "2099-01-01"}
    )
    html = read(staff, f"/holds/queue/{MEROS}/")
    assert "一時停止中" in html
    assert patron.name not in html
    assert "走れメロス" in read(staff, "/holds/queue/")


@pytest.mark.parametrize("page", ["queue", "place"])
def test_why_the_library_cancels_is_kept_for_the_patron_alone(
    waits: Hold, card: Card, patron: Patron, staff: Client, page: str
) -> None:
    act_as("ils_owner", "ils, private")
    store_password(patron)
    act_as("ils_staff", "ils")
    if page == "queue":
        path, sent = f"/holds/queue/{MEROS}/", {}
    else:
        path = "/holds/place/"
        html = staff.post(path, {"scan": card.number, "key": str(new())}).content.decode()
        assert '<option value="" selected>本人の申出' in html
        sent = {"sitting": hidden(html, "sitting")}
    staff.post(path, {**sent, "hold": waits.pk, "act": "cancel", "why": "no such reason"})
    assert state(waits) is State.QUEUED
    staff.post(path, {**sent, "hold": waits.pk, "act": "cancel", "why": "unobtainable"})
    assert state(waits) is State.CANCELLED
    act_as("ils_owner", "ils, private")
    assert list(EndedHold.objects.values_list("patron", "record", "why")) == [(patron.pk, MEROS, "unobtainable")]


def test_an_assistant_may_not_change_the_order(central: Library, waits: Hold, request: Any) -> None:
    make_account(Level.ASSISTANT, central)
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "level4", central)
    assert "順番変更" not in read(client, f"/holds/queue/{MEROS}/")
    sent = {"hold": waits.pk, "act": "move", "rank": 1, "reason": "試験"}
    assert client.post(f"/holds/queue/{MEROS}/", sent).status_code == 403


def test_an_expired_hold_is_on_the_mornings_list_until_its_copy_is_scanned(
    waits: Hold, item: Item, other_patron: Patron, staff: Client
) -> None:
    act_as("ils_owner", "ils")
    scan(item, "central")
    hold(other_patron, MEROS, "south")
    Hold.objects.filter(pk=waits.pk).update(state="notified", pickup_by="2026-01-01")
    assert ending.expire(Hold.objects.get(pk=waits.pk).shelved_on) == 1
    act_as("ils_staff", "ils")
    expired = Counter(staff, "/holds/expired/")
    assert "A-1" in expired.html
    assert "予約あり → 回送 南市民図書館" in expired.scan(item.barcode)
    assert "取置棚から外す資料 0点" in expired.html


def test_a_citizen_sees_that_a_copy_is_ready_or_on_its_way_and_not_for_whom(
    waits: Hold, item: Item, patron: Patron, public: Client
) -> None:
    act_as("ils_owner", "ils")
    scan(item, "central")
    act_as("ils_public", "ils")
    html = read(public, f"/records/{MEROS}/")
    assert "取置中" in html
    assert patron.name not in html
    act_as("ils_owner", "ils")
    ending.cancel(ACTOR, waits.pk)
    scan(item, "central")
    hold(patron, MEROS, "south")
    scan(item, "central")
    act_as("ils_public", "ils")
    assert "移送中" in read(public, f"/records/{MEROS}/")


def test_a_title_request_at_the_counter(card: Card, item: Item, staff: Client) -> None:
    south = Library.objects.get(key="south")
    sent = {"card": card.number, "title": "幻の書", "pickup": south.pk, "key": str(new())}
    assert "リクエストを受け付けました" in staff.post("/holds/requests/", sent).content.decode()
    asked = TitleRequest.objects.get()
    assert card.patron.name not in read(staff, "/holds/requests/")
    staff.post("/holds/requests/", {"request": asked.pk, "decision": "buy", "key": str(new())})
    answer = staff.post("/holds/requests/", {"request": asked.pk, "item": item.barcode, "key": str(new())})
    assert "予約を受け付けました" in answer.content.decode()
    assert Hold.objects.get(patron=card.patron).pickup_library == south


@pytest.mark.parametrize("decision", [each.value for each in TitleRequest.Decision if each.value])
def test_an_assistant_records_a_title_request_and_does_not_decide_it(
    card: Card, central: Library, request: Any, decision: str
) -> None:
    make_account(Level.ASSISTANT, central)
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "level4", central)
    sent = {"card": card.number, "title": "幻の書", "pickup": central.pk, "key": str(new())}
    assert "リクエストを受け付けました" in client.post("/holds/requests/", sent).content.decode()
    asked = TitleRequest.objects.values().get()
    html = read(client, "/holds/requests/")
    assert "幻の書" in html
    assert 'name="decision"' not in html
    answer = client.post("/holds/requests/", {"request": asked["id"], "decision": decision, "key": str(new())})
    assert "あなたの業務実施権限には含まれていません" in answer.content.decode()
    assert TitleRequest.objects.values().get() == asked
    act_as("ils_owner", "ils")
    assert not Event.objects.filter(action="request-decide").exists()
    assert not Notice.objects.exists()


def test_postcards_have_a_name_and_no_title(waits: Hold, item: Item, patron: Patron, staff: Client) -> None:
    Counter(staff, "/holds/pull/").scan(item.barcode)
    act_as("ils_owner", "ils")
    Notice.objects.update(not_before="2026-01-01T00:00:00Z")
    act_as("ils_staff", "ils")
    notice = Notice.objects.get()
    staff.post("/holds/contact/", {"notice": notice.pk, "way": "postcard"})
    html = staff.post("/holds/postcards/", {"print": "1"}).content.decode()
    assert f"{patron.name} 様" in html
    assert patron.address in html
    assert "走れメロス" not in html
    staff.post("/holds/postcards/", {"notice": [notice.pk]})
    assert state(waits) is State.NOTIFIED


def test_a_renewal_says_that_somebody_waits(card: Card, item: Item, other_patron: Patron, staff: Client) -> None:
    act_as("ils_owner", "ils")
    for each in Item.objects.filter(record=MEROS):
        lend_out(each, card.patron)
    hold(other_patron, MEROS)
    act_as("ils_staff", "ils")
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    counter.scan(item.barcode)
    assert "次の方の予約があるため延長できません" in counter.scan("9010")


def test_the_lists_of_holds_are_not_for_a_trainee() -> None:
    assert [name for name, levels in ACCESS.items() if name.startswith("holds") and Level.TRAINEE in levels] == []
