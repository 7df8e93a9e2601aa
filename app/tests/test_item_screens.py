"""The screens of items, and the labels that come out of them."""

import re
from typing import Any

import pytest
from django.test import Client

from shoko_ils.core.models import Library
from shoko_ils.holdings import labels, nw7
from shoko_ils.holdings.barcode import is_item
from shoko_ils.holdings.models import Item, ItemAct, Location
from tests.bars import read_bars
from tests.conftest import MEROS, act_as, log_in, make_account
from tests.holding import lend_out, library, magazine, new, people, titles

pytestmark = pytest.mark.django_db


def html(answer: Any) -> str:
    return answer.content.decode()


def form_of(client: Client, path: str) -> dict[str, str]:
    """Values of the first form for an item on a page, as a browser would send them."""
    page = html(client.get(path))
    form = next(part for part in page.split("<form")[1:] if 'name="key"' in part and 'name="call_number"' in part)
    form = form.split("</form>")[0]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = (re.search(rf' {each}="([^"]*)"', tag) for each in ("name", "value"))
        if name and 'type="checkbox"' not in tag:
            found[name[1]] = value[1] if value else ""
    for name, body in re.findall(r'<select name="(\w+)".*?>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', body) or re.search(r'value="([^"]*)"', body)
        found[name] = chosen[1] if chosen else ""
    return found


def test_a_librarian_takes_a_copy_in_and_finds_it_by_its_numbers(staff: Client) -> None:
    path = f"/items/new/{MEROS}/"
    form = form_of(staff, path)
    answer = staff.post(path, form | {"accompanying": "CD"})
    assert answer.status_code == 400
    assert "付属品の内容と点数" in html(answer)
    answer = staff.post(path, form | {"note": "寄贈者の希望により別置", "source": "donation", "price": "1200"})
    assert answer.status_code == 302, html(answer)
    assert staff.post(path, form | {"note": "寄贈者の希望により別置"})["Location"] == answer["Location"]
    item = Item.objects.get(pk=int(answer["Location"].split("/")[-2]))
    assert (item.source, item.price, item.note) == ("donation", 1200, "寄贈者の希望により別置")
    for number in (item.barcode, str(item.accession_number), f"A{item.barcode}A"):
        assert staff.get("/items/", {"number": number})["Location"] == answer["Location"]
    assert "この番号の資料はありません" in html(staff.get("/items/", {"number": "9999999995"}))
    assert "受入" in html(staff.get(answer["Location"]))
    taken = staff.post(path, form | {"key": str(new()), "number": item.barcode})
    assert (taken.status_code, "別の資料に使われています" in html(taken)) == (400, True)


def test_the_issue_of_a_magazine_is_written_in_one_way_and_stands_beside_the_title(staff: Client) -> None:
    act_as("ils_owner", "ils")
    (october,) = magazine(("2026年10月号", "central"))
    act_as("ils_staff", "ils")
    path = f"/items/new/{october.record_id}/"
    answer = staff.post(path, form_of(staff, path) | {"call_number": "雑誌", "issue": "２０２６年 １１月号"})
    assert answer.status_code == 302, html(answer)
    made = Item.objects.get(pk=int(answer["Location"].split("/")[-2]))
    assert made.issue == "2026年11月号"
    page = f"/items/{made.pk}/"
    assert "月刊見本 2026年11月号" in html(staff.get(page))
    form = form_of(staff, page) | {"act": "change", "issue": "2026年12月号"}
    assert staff.post(page, form).status_code == 302
    assert ItemAct.objects.latest("pk").lines.get().after == {"issue": "2026年12月号"}
    assert "巻号" in html(staff.get(f"/items/acts/{ItemAct.objects.latest('pk').pk}/"))


def test_an_item_is_changed_lost_found_and_withdrawn_on_its_page(staff: Client) -> None:
    item = titles(1)[0].items.get()
    path = f"/items/{item.pk}/"
    form = form_of(staff, path) | {"act": "change"}
    assert staff.post(path, form | {"call_number": "913 ダ 別"}).status_code == 302
    assert ItemAct.objects.latest("pk").lines.get().after == {"call_number": "913 ダ 別"}
    assert "913 ダ 別" in html(staff.get(path))
    for act, word in (("missing", "所在不明"), ("found", "通常")):
        assert staff.post(path, {"act": act, "key": str(new())}).status_code == 302
        assert word in html(staff.get(path))
    assert staff.post(path, {"act": "withdraw", "key": str(new()), "withdrawal": "worn"}).status_code == 302
    page = html(staff.get(path))
    assert "汚損・破損" in page
    assert 'value="withdraw"' not in page


def test_what_is_on_loan_is_not_withdrawn_and_the_page_says_so_without_a_name(staff: Client) -> None:
    act_as("ils_owner", "ils, private")
    item, patron = titles(1)[0].items.get(), people(1)[0]
    lend_out(item, patron)
    act_as("ils_staff", "ils")
    path = f"/items/{item.pk}/"
    answer = staff.post(path, {"act": "withdraw", "key": str(new()), "withdrawal": "worn"})
    assert answer.status_code == 409
    assert "却下: 貸出中" in html(answer)
    assert patron.name not in html(answer)
    assert str(patron.pseudonym) not in html(answer)


def test_many_are_shown_before_and_accounted_for_after_and_taken_back(staff: Client) -> None:
    items = [record.items.get() for record in titles(2)]
    stacks = Location.objects.exclude(pk__in=[item.location_id for item in items])[0]
    numbers = f"{items[0].barcode}\n{items[1].barcode} 9999999995"
    asked = {"numbers": numbers, "act": "change", "location": stacks.pk, "reason": "書庫へ"}
    page = html(staff.post("/items/many/", asked))
    assert "2件が変わります" in page
    assert "該当なし" in page
    assert not ItemAct.objects.exists()
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    answer = staff.post("/items/many/", asked | {"key": key})
    assert answer.status_code == 302, html(answer)
    assert staff.post("/items/many/", asked | {"key": key})["Location"] == answer["Location"]
    assert {Item.objects.get(pk=item.pk).location_id for item in items} == {stacks.pk}
    assert "該当なし" in html(staff.get(answer["Location"]))
    back = staff.post(answer["Location"])
    assert back.status_code == 302
    assert [Item.objects.get(pk=item.pk).location_id for item in items] == [item.location_id for item in items]
    assert staff.post(answer["Location"])["Location"] == back["Location"]


@pytest.mark.parametrize(
    "asked",
    [
        {"act": "change"},
        {"act": "reassign"},
        {"act": "withdraw"},
        {"act": "other"},
        {"act": "missing", "numbers": "1 " * 5001},
        {"act": "missing", "key": "forged"},
    ],
)
def test_an_act_without_what_it_needs_is_refused(staff: Client, asked: dict[str, str]) -> None:
    assert staff.post("/items/many/", {"numbers": "1000000017"} | asked).status_code == 400
    assert not ItemAct.objects.exists()


def test_lists_are_paged_printed_whole_and_handed_on(staff: Client) -> None:
    central = library("central")
    page = html(staff.get("/items/", {"library": central.pk, "condition": ""}))
    total = Item.objects.filter(library=central).exclude(condition="withdrawn").count()
    assert f"{total}点" in page
    assert page.count('<td class="number"><a') == 100
    printed = html(staff.get("/items/", {"library": central.pk, "call_from": "913", "call_to": "913", "print": "1"}))
    assert (
        printed.count('<td class="number"><a')
        == Item.objects.filter(library=central, call_number__startswith="913").count()
    )
    numbers = re.search(r'name="list" value="([^"]*)"', page)[1]
    assert numbers.split()[0] in html(staff.post("/items/many/", {"list": numbers}))


def test_accession_and_withdrawal_lists_name_what_came_and_what_left(staff: Client) -> None:
    form = form_of(staff, f"/items/new/{MEROS}/")
    path = staff.post(f"/items/new/{MEROS}/", form | {"price": "1500"})["Location"]
    item = Item.objects.get(pk=int(path.split("/")[-2]))
    period = {"first": item.accessioned_on, "last": item.accessioned_on, "kind": "accession", "page": 999}
    page = html(staff.get("/items/register/", period))
    assert item.barcode in page
    assert "1500円" in page
    staff.post(path, {"act": "withdraw", "key": str(new()), "withdrawal": "mistaken"})
    page = html(staff.get("/items/register/", period | {"kind": "withdrawal"}))
    assert item.barcode in page
    assert "受入誤り" in page


def bars_of(pdf: bytes) -> list[list[tuple[float, float]]]:
    """Left edge and width, in millimetres, of the bars of each barcode of a PDF, from its rectangles."""
    found = []
    for part in pdf.split(b"BT")[1:]:
        boxes = re.findall(rb"([\d.]+) [\d.]+ ([\d.]+) [\d.]+ re", part)
        if boxes:
            found.append([(float(x) / labels.MM, float(width) / labels.MM) for x, width in boxes])
    return found


def texts_of(pdf: bytes) -> list[str]:
    return [bytes.fromhex(text.decode()).decode("utf-16-be") for text in re.findall(rb"\[<([0-9a-f]*)>\] TJ", pdf)]


def test_the_bars_of_a_label_say_its_number() -> None:
    numbers = ["1000000017", "1234567890"]
    pdf = labels.barcode_sheets([labels.Numbered(number, "見本市立中央図書館") for number in numbers])
    # in units, as they are on paper
    drawn = [[(x / labels.UNIT, width / labels.UNIT) for x, width in bars] for bars in bars_of(pdf)]
    found = [read_bars([x for x, _ in bars], [width for _, width in bars]) for bars in drawn]
    assert found == [f"A{number}A" for number in numbers]
    quiet = 2 * 10 * nw7.NARROW * labels.UNIT
    assert all(bars[-1][0] + bars[-1][1] - bars[0][0] + quiet <= labels.BARCODE.width for bars in bars_of(pdf))
    assert texts_of(pdf) == ["見本市立中央図書館", "A1000000017A", "見本市立中央図書館", "A1234567890A"]


def test_a_spine_has_class_mark_and_volume_and_a_used_sheet_begins_later() -> None:
    assert labels.spine_lines("913 ダ", "上") == ["913", "ダ", "上"]
    assert labels.spine_lines("913 ダ 2", "2") == ["913", "ダ", "2"]
    assert labels.spine_lines("R 291 ニ", "3") == ["R", "291", "ニ 3"]
    label = labels.Spine(["913", "ダ"], "南 児童")
    assert texts_of(labels.spine_sheets([label])) == ["913", "ダ", "南 児童"]
    pages = labels.spine_sheets([label] * 2, first=65)
    assert b"/Count 2" in pages
    assert texts_of(labels.spine_sheets([labels.Spine(["913", "𠮟"], "")]))[1] == "〓"


def test_labels_come_as_pdf_and_new_numbers_are_given_once(staff: Client) -> None:
    item = Item.objects.order_by("pk")[0]
    asked = {"kind": "spine", "numbers": item.barcode, "first": "3"}
    answer = staff.post("/items/labels/", asked)
    assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert item.call_number.split()[0] in texts_of(answer.content)
    unknown = staff.post("/items/labels/", asked | {"numbers": "9999999995"})
    assert (unknown.status_code, "9999999995" in html(unknown)) == (400, True)
    sheets = [staff.post("/items/labels/", {"kind": "barcode", "blank": "3", "first": "1"}).content for _ in range(2)]
    numbers = [text.strip("A") for sheet in sheets for text in texts_of(sheet)[1::2]]
    assert len(set(numbers)) == 6
    assert all(map(is_item, numbers))
    form = form_of(staff, f"/items/new/{MEROS}/") | {"number": numbers[0]}
    assert staff.post(f"/items/new/{MEROS}/", form).status_code == 302


def test_items_are_not_an_assistant_s_work(anonymous: Client, central: Library) -> None:
    act_as("ils_owner", "ils, private")
    make_account(4, central)
    act_as("ils_staff", "ils")
    log_in(anonymous, "level4", central)
    for path in ("/items/", "/items/many/", "/items/labels/", "/items/register/", f"/items/new/{MEROS}/"):
        assert anonymous.get(path).status_code == 403
    assert "/items/" not in html(anonymous.get("/lend/"))


@pytest.mark.parametrize(
    "path", ["/items/", "/items/?library=&condition=", "/items/many/", "/items/labels/", "/items/register/",
             "/items/1/", f"/items/new/{MEROS}/"],
)  # fmt: skip
def test_pages_of_items_answer_in_both_languages(staff: Client, path: str) -> None:
    assert staff.get(path).status_code == 200
    assert staff.get("/en" + path).status_code == 200
