"""A citizen's My Library: password from a slip, hold basket, loans, favourites, contact; every page passes axe."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable

from converged import Converged
from counter import STAFF, card, log_in, register, scan, shelved_item
from playwright.sync_api import Page, expect
from test_accessible import offences
from test_citizen_and_librarian import OPAC

Seat = Callable[..., Page]
RECORD = f"{OPAC}/records/773/"
TITLE = "こころ"


def test_a_citizen_and_my_library(seat: Seat, converged: Converged) -> None:
    started = int(time.time())
    number, password = card(started + 7), secrets.token_urlsafe(12)
    counter, home = seat("tb-south"), seat("home", width=360)
    log_in(counter, converged)
    register(counter, number, f"試行 次郎{started}", phone="000-0000-9003")
    book = shelved_item(converged, "south", 2)
    counter.keyboard.press("F2")
    scan(counter, number)
    scan(counter, book)
    expect(counter.locator("table.lines td.number").first).to_have_text(book)

    found = password_registered(home, number, password, code_from_slip(counter, number))
    found += held_from_the_basket(home, number, password)
    home.goto(RECORD)
    home.get_by_role("button", name="お気に入り").click()
    home.goto(f"{OPAC}/my/")
    expect(home.locator("ul.favourites")).to_contain_text(TITLE)
    expect(home.locator("section", has=home.locator("#loans-heading")).locator("tbody tr")).to_have_count(1)
    found += offences(home)
    found += hold_changed_and_cancelled(home)

    home.locator("form.my-end button").click()
    home.goto(f"{OPAC}/my/")
    expect(home).to_have_url(re.compile("/my/login/"))
    counter.keyboard.press("F3")
    scan(counter, book)
    expect(counter.locator("table.lines tbody tr").first).to_be_visible()
    assert found == []


def password_registered(page: Page, number: str, password: str, code: str) -> list[str]:
    """Register a password with the code of the slip."""
    page.goto(f"{OPAC}/my/")
    expect(page).to_have_url(re.compile("/my/login/"))
    page.goto(f"{OPAC}/password/")
    page.get_by_label("利用者番号").fill(number)
    page.get_by_role("button", name="次へ").click()
    expect(page.get_by_role("button", name="確認コードを持っています")).to_be_visible()
    found = offences(page)
    page.get_by_role("button", name="確認コードを持っています").click()
    expect(page.locator("[name=code]")).to_be_visible()
    found += offences(page)
    page.get_by_label("確認コード").fill(code)
    page.get_by_label("新しいパスワード", exact=True).fill(password)
    page.get_by_label("新しいパスワード（もう一度）").fill(password)
    page.get_by_role("button", name="パスワードを登録する").click()
    expect(page.locator(".message-done")).to_be_visible()  # the page before has a status too
    return found


def held_from_the_basket(page: Page, number: str, password: str) -> list[str]:
    """Put a title into the basket first, then log in (wrongly once), then place the hold."""
    page.goto(RECORD)
    page.get_by_role("button", name="予約かごへ").click()
    expect(page.locator("ol.basket")).to_contain_text(TITLE)
    found = offences(page)
    page.goto(f"{OPAC}/my/basket/")
    page.locator("main a.button").click()
    page.get_by_label("利用者番号").fill(number)
    page.get_by_label("パスワード", exact=True).fill("not this one")
    page.get_by_role("button", name="ログイン").click()
    expect(page.get_by_role("alert")).to_be_visible()
    found += offences(page)
    page.get_by_label("パスワード", exact=True).fill(password)
    page.get_by_role("button", name="ログイン").click()
    expect(page).to_have_url(re.compile("/my/basket/"))
    found += offences(page)
    page.locator("#pickup").select_option(label="南市民図書館")
    page.get_by_role("button", name="予約を申し込む").click()
    expect(page.locator(".message-done")).to_contain_text(TITLE)
    return found + offences(page)


def hold_changed_and_cancelled(page: Page) -> list[str]:
    """Pick it up somewhere else, then not at all."""
    hold = page.locator("article.hold").filter(has_text=TITLE)
    hold.locator("summary").click()
    hold.locator('select[name="pickup"]').select_option(label="総合市民図書館")
    hold.locator('button[value="pickup"]').click()
    expect(hold.locator("p").first).to_contain_text("総合市民図書館")  # it is always among the choices
    hold.locator("summary").click()
    hold.locator('button[value="cancel"]').click()
    expect(page.locator("article.hold").filter(has=page.locator('button[value="cancel"]'))).to_have_count(0)
    return offences(page)


def code_from_slip(page: Page, number: str) -> str:
    """The code that a librarian prints for who has shown a document."""
    page.goto(f"{STAFF}/members/")
    page.get_by_label("利用者カード").fill(number)
    page.get_by_role("button", name="表示").click()
    page.locator('button[name="slip"]').click()
    return page.locator(".slip .number").inner_text()
