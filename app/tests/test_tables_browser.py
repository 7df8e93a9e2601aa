"""Tables at 1280 pixels: a number or a date in two parts is misread, and copied wrongly."""

import pytest
from django.test import Client

from shoko_ils.audit.record import Actor
from shoko_ils.catalog.models import Record
from shoko_ils.circulation.models import Loan, ReturnCase
from shoko_ils.circulation.services import hold_back
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from tests.browsing import browsing, serving
from tests.conftest import MEROS
from tests.holding import new
from tests.test_counter_browser import log_in

LONG = "地域における図書館の資料の保存と修復に関する調査研究報告書"
# the text of each cell or part that is a number, and on how many lines it stands
LINES = """() => [...document.querySelectorAll("main .number")].map(each => {
  const range = document.createRange(); range.selectNodeContents(each);
  return [each.textContent.trim(), new Set([...range.getClientRects()].map(one => Math.round(one.top))).size];
})"""


@pytest.mark.django_db
def test_numbers_and_dates_of_cases_stand_on_one_line(
    actor: Actor, lent: Loan, item: Item, central: Library, anonymous: Client
) -> None:
    Record.objects.filter(pk=MEROS).update(title=LONG)
    hold_back(actor, item.barcode, central, ReturnCase.Reason.PARTS_MISSING, new())
    with serving() as (_, site), browsing() as page:
        page.goto(site)
        log_in(page)
        page.goto(f"{site}/cases/")
        lines = page.evaluate(LINES)
        width = page.evaluate("document.documentElement.scrollWidth")
    assert item.barcode in [text for text, _ in lines]
    assert sum("/" in text for text, _ in lines) >= 2, "the days of the case"
    assert [text for text, count in lines if count != 1] == []
    assert width <= 1280
