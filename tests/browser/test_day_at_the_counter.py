"""A day at the counter, from opening to closing, in two real browsers at two libraries; every page passes axe."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from converged import Converged
from counter import STAFF, card, log_in, register, scan, shelved_item
from playwright.sync_api import Page, expect
from test_accessible import offences

Seat = Callable[..., Page]
LATE_DAYS = 25  # of a loan for two weeks that was written on paper


def test_a_day_at_the_counter(seat: Seat, converged: Converged) -> None:
    found: list[str] = []
    south, central = seat("tb-south"), seat("tb-central")
    log_in(south, converged, "南市民図書館")
    log_in(central, converged, "総合市民図書館")
    opened = today(south)
    before = lent_on(south, opened)
    started = int(time.time())
    (reader, first), (waiting, second) = ((card(started + n), f"試行 {n}{started}") for n in (1, 2))
    book, old = shelved_item(converged, "south"), shelved_item(converged, "south", 1)

    register(south, reader, first, phone="000-0000-9001")
    found += offences(south)
    register(south, waiting, second, phone="000-0000-9002", contact="phone")
    found += lent_by_keyboard(south, reader, book)
    entered_late(south, old)
    found += held(south, waiting, book)
    found += returned_elsewhere(central, book)
    found += arrived(south, book)
    minutes_pass(converged)
    found += told_by_telephone(south, second)
    found += picked_up(south, waiting, book)
    south.goto(f"{STAFF}/overdue/")
    expect(south.locator("tbody tr").filter(has_text=first)).to_be_visible()
    found += offences(south)
    south.keyboard.press("F3")
    for number in (book, old):
        scan(south, number)
        expect(south.locator("table.lines tbody tr").first).to_be_visible()

    days = {opened, today(south)}  # midnight may have passed
    assert sum(lent_on(south, day) for day in days) >= before + 2
    found += offences(south)
    south.get_by_role("button", name="ログアウト").click()
    expect(south).to_have_url(re.compile("/login/"))
    assert found == []


def lent_by_keyboard(page: Page, number: str, book: str) -> list[str]:
    """Lend an item by card and item, and nothing but the keyboard."""
    page.keyboard.press("F2")
    scan(page, number)
    expect(page.locator(".person-card .number")).to_be_visible()
    scan(page, book)
    expect(page.locator("table.lines td.number").first).to_have_text(book)
    return offences(page)


def entered_late(page: Page, book: str) -> None:
    """Enter a loan to the same person of a day when the line was down."""
    page.get_by_label("後日入力").check()
    page.locator('input[name="on"]').fill(day_before(page, LATE_DAYS))
    page.locator("#scan").focus()
    scan(page, book)
    expect(page.locator("table.lines td.number").filter(has_text=book)).to_be_visible()


def held(page: Page, number: str, book: str) -> list[str]:
    """Place a hold on what is lent."""
    page.goto(f"{STAFF}/holds/place/")
    scan(page, number)
    expect(page.locator(".wishes")).to_be_visible()
    page.locator('.wishes select[name="pickup"]').select_option(label="南市民図書館")
    page.locator("#scan").focus()
    scan(page, book)
    expect(page.locator("table.lines").last).to_contain_text("順番待ち")
    return offences(page)


def returned_elsewhere(page: Page, book: str) -> list[str]:
    """Return it at another library, which sends it on."""
    page.keyboard.press("F3")
    expect(page).to_have_url(re.compile("/return/"))
    scan(page, book)
    expect(page.locator(".notice-headline").first).to_contain_text("南市民図書館")
    return offences(page)


def arrived(page: Page, book: str) -> list[str]:
    """Scan what arrives: it gets a place on the hold shelf and a slip."""
    page.goto(f"{STAFF}/holds/arrivals/")
    expect(page.locator("table.lines").last).to_contain_text(book)
    found = offences(page)
    scan(page, book)
    expect(page.locator(".slip-link")).to_be_visible()
    page.goto(f"{STAFF}/holds/shelf/")
    expect(page.locator("main")).to_contain_text(book)
    return found + offences(page)


def told_by_telephone(page: Page, name: str) -> list[str]:
    """Call who waits, and note that the person was told."""
    page.goto(f"{STAFF}/holds/contact/")
    row = page.locator("tbody tr").filter(has_text=name)
    found = offences(page)
    row.get_by_role("button", name="本人", exact=True).click()
    expect(row).to_have_count(0)
    return found


def picked_up(page: Page, number: str, book: str) -> list[str]:
    """Lend it to who asked for it."""
    page.keyboard.press("F2")
    scan(page, number)
    scan(page, book)
    expect(page.locator("table.lines td.number").first).to_have_text(book)
    return offences(page)


def minutes_pass(converged: Converged) -> None:
    """Bring notices that wait for their time to it."""
    late = (
        "from django.utils import timezone\n"
        "from shoko_ils.notices.models import Notice\n"
        "print(Notice.objects.filter(state='waiting').update(not_before=timezone.now()))"
    )
    assert int(converged.said("app1", "/usr/local/sbin/ils-manage", "shell", "-v", "0", "-c", late).split()[-1])


def today(page: Page) -> str:
    """The day that it is at the library, as every page says."""
    page.goto(f"{STAFF}/day/")
    return page.locator(".place time").get_attribute("datetime") or ""


def lent_on(page: Page, day: str) -> int:
    """Books lent at the southern library by the report of a day."""
    page.goto(f"{STAFF}/day/?day={day}")
    row = page.locator("tbody tr").filter(has_text="南市民図書館").filter(has_text="貸出")
    return int(row.locator("td").last.inner_text()) if row.count() else 0


def day_before(page: Page, days: int) -> str:
    """A day in the past by the browser's clock, as its field for dates takes it."""
    return page.evaluate(
        "days => { const day = new Date(Date.now() - days * 86400000);"
        " return day.getFullYear() + '-' + String(day.getMonth() + 1).padStart(2, '0')"
        " + '-' + String(day.getDate()).padStart(2, '0') }",
        days,
    )
