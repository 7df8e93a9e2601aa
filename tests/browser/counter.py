"""What librarians do at a counter, in a browser: log in, scan, register."""

from __future__ import annotations

import re

from converged import Converged
from playwright.sync_api import Page, expect

STAFF = "https://staff.library.example"
KANA = str.maketrans("0123456789", "アイウエオカキクケコ")


def log_in(page: Page, converged: Converged, library: str = "南市民図書館") -> None:
    """Log in with the demonstration account, by keyboard."""
    page.goto(f"{STAFF}/")
    expect(page).to_have_url(re.compile("/login/"))
    page.locator('input[name="login_id"]').fill("demo")
    page.locator('input[name="password"]').fill(converged.demo_password)
    choice = page.locator('select[name="library"]')
    if choice.count():
        choice.select_option(label=library)
    page.locator('input[name="password"]').press("Enter")
    expect(page.locator("#scan")).to_be_focused()


def scan(page: Page, code: str) -> None:
    """What a barcode reader does: digits and Enter, into whatever has the focus."""
    expect(page.locator("#scan")).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def card(seed: int) -> str:
    """The number of a card out of the box: seven digits and their check digit (modulus 10)."""
    digits = f"28{seed % 100_000:05d}"
    doubled = (int(char) * (2 if place % 2 == 0 else 1) for place, char in enumerate(reversed(digits)))
    return digits + str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def register(page: Page, number: str, name: str, *, phone: str, contact: str = "none") -> None:
    """Register a person with a new card."""
    page.goto(f"{STAFF}/patrons/new/")
    page.get_by_label("氏名", exact=True).fill(name)
    page.get_by_label("フリガナ").fill("シコウ" + number.translate(KANA))  # nobody else is called so
    page.get_by_label("生年月日").fill("1980-04-02")
    page.get_by_label("住所").fill("架空市見本町1丁目1番")
    page.get_by_label("電話番号").fill(phone)
    page.get_by_label("連絡方法").select_option(contact)
    page.get_by_label("新しいカード").fill(number)
    page.get_by_role("button", name="登録する").click()
    expect(page.locator("main dl.data")).to_contain_text(number)


def shelved_item(converged: Converged, library: str, number: int = 0) -> str:
    """The number of a book that stands on the shelf of a library and that nobody waits for."""
    query = (
        "from shoko_ils.holdings.models import Item\n"
        f"items = Item.objects.filter(library__key='{library}', at_library__key='{library}', library_use_only=False,"
        " material_class__key='book', condition='normal', accompanying='', record__holds=None, transits=None)\n"
        f"print(items.exclude(loans__returned_on=None, loans__isnull=False).order_by('-pk')[{number}].barcode)"
    )
    return converged.said("app1", "/usr/local/sbin/ils-manage", "shell", "-v", "0", "-c", query).splitlines()[-1]
