"""郵便番号 → 町名: the codes of the site file fill the town in, and nothing that a person typed is lost."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from playwright.sync_api import expect

from shoko_ils.patrons import declared
from tests.browsing import browsing, serving
from tests.test_counter_browser import log_in
from tests.test_staff import read

TOWNS = [{"code": "0000001", "town": "架空市見本町"}, {"code": "0000002", "town": "架空市例示台"}]
# one code of two towns
TOWNS += [{"code": "0000003", "town": "架空市北見本"}, {"code": "0000003", "town": "架空市南見本"}]


@pytest.fixture
def towns(settings: Any) -> None:
    settings.SITE = settings.SITE | {"patrons": {**settings.SITE["patrons"], "postal_codes": TOWNS}}


def test_a_code_fills_its_town_in_and_what_was_typed_stays(anonymous: Client, towns: None) -> None:
    with serving() as (_, site), browsing() as page:
        page.goto(site)
        log_in(page)
        page.goto(f"{site}/patrons/new/")
        code, address = page.locator("[name=postal_code]"), page.locator("main [name=address]")
        code.fill("000-000")
        expect(address).to_have_value("")
        code.fill("000-0003")
        expect(address).to_have_value("")
        assert page.locator("#postal-codes option[value='0000003']").count() == 2
        code.fill("000-0001")
        expect(address).to_have_value("架空市見本町")
        # a code that was misread and typed again
        code.fill("〒０００－０００２")
        expect(address).to_have_value("架空市例示台")
        address.fill("架空市例示台9丁目9番")
        code.fill("0000001")
        expect(address).to_have_value("架空市例示台9丁目9番")
        code.fill("9999999")
        expect(address).to_have_value("架空市例示台9丁目9番")


def test_a_citizen_has_the_town_filled_in_too(public: Client, towns: None) -> None:
    with serving() as (_, site), browsing() as page:
        page.goto(f"{site}/registration/")
        code, address = page.locator("main [name=postal_code]"), page.locator("main [name=address]")
        code.fill("000-0001")
        expect(address).to_have_value("架空市見本町")
        address.fill("架空市見本町1-2")
        code.fill("0000002")
        expect(address).to_have_value("架空市見本町1-2")


def test_a_site_without_codes_has_no_list(staff: Client) -> None:
    html = read(staff, "/patrons/new/")
    assert "postal-codes" not in html
    assert "town.js" not in html


def test_without_codes_the_page_for_citizens_has_no_script(public: Client) -> None:
    answer = public.get("/registration/")
    assert "town.js" not in answer.content.decode()
    assert "script-src" not in answer["Content-Security-Policy"]


def test_a_site_that_keeps_no_postal_code_asks_none(staff: Client, settings: Any) -> None:
    attributes = [each for each in declared.ATTRIBUTES if each != "postal_code"]
    patrons = {**settings.SITE["patrons"], "attributes": attributes, "postal_codes": TOWNS}
    settings.SITE = settings.SITE | {"patrons": patrons}
    assert "架空市見本町" not in read(staff, "/patrons/new/")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"code": each, "town": "架空市"} for each in ("000-0001", 1000001, 1, None)),
        *({"code": "0000001", "town": each} for each in ("", 1, None)),
        *({"code": "0000001"}, {"town": "架空市"}, "0000001", {}),
    ],
)
def test_a_wrong_code_is_refused(wrong: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^site file: patrons\.postal_codes: [^\n]*7 digits in quotation"):
        declared.read({"postal_codes": [wrong]})
