"""Every screen of both services passes axe's rules for WCAG 2.2 AA (JIS X 8341-3 follows WCAG), in every language.

The screens are those of the URL tables: a new page has to be opened here, or named among those without a screen.
"""

import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from shoko_ils.audit.record import Actor
from shoko_ils.catalog.importing import batch as importing
from shoko_ils.catalog.importing.sources import guess
from shoko_ils.catalog.models import Authority, ImportBatch
from shoko_ils.circulation.models import LendingBlock, LendingSet, ReturnCase
from shoko_ils.circulation.services import Late, LateReason, hold_back, paper
from shoko_ils.core.context import NAMES, in_language
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item, ItemAct
from shoko_ils.holds.models import WITH_COPY, Hold, Transit
from shoko_ils.mylibrary import orders
from shoko_ils.patrons.models import Card, ErasureCertificate, Patron
from shoko_ils.reference import services as reference
from shoko_ils.staff.models import Level, StaffAccount
from shoko_ils.vault.models import EndedHold, Favourite, HistoryWish, ReadingNote
from tests.browsing import browsing, scan, serving
from tests.cluster import DEMO_PASSWORD
from tests.conftest import MEROS, make_account
from tests.holding import ACTOR, hold, lend_out, make_late, new, titles
from tests.members import PASSWORD, desk_works, store_password
from tests.operators import stand_by

pytestmark = pytest.mark.django_db
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
# pages that nobody looks at: what they answer to a GET is no page, or another page
NO_SCREEN = {
    "shoko_ils.urls_staff": {
        *("start", "holds"),  # lead on
        # only sent to
        *("logout", "login-code", "supervise", "lend-renew", "lend-permit", "lend-receipt", "overdue-postcards"),
        *("patron-renew", "provisional-register", "authority-confirm"),
        *("seen", "case-photo", "catalogue-quarantine"),  # nothing, a photo, a file
    },
    "shoko_ils.urls_public": {
        *("my-logout", "my-basket-add", "my-hold", "my-hold-ended", "my-renew", "my-contact", "my-favourite"),
    },
}
Example = tuple[Mapping[str, Any], str]  # arguments of the address, and its query


def offences(page: Page) -> list[str]:
    """What axe finds on the page as it stands: rule, what it says, and the elements."""
    page.wait_for_load_state()  # after a click the page may be only half there
    found = Axe().run(page, options=RULES).response
    assert found["passes"], "axe looked at nothing"
    return [
        f"{page.url}: {rule['id']}: {rule['help']}: {[node['target'] for node in rule['nodes']]}"
        for rule in found["violations"]
    ]


def screens(urlconf: str, examples: Mapping[str, list[Example]]) -> list[str]:
    """Paths of every screen: as it is without arguments, else with the examples of it."""
    paths: list[str] = []
    named: set[str] = set()

    def walk(patterns: list[URLPattern | URLResolver]) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns)
            elif pattern.name and pattern.name not in named | NO_SCREEN[urlconf]:
                named.add(pattern.name)
                wanted = examples.get(pattern.name, [] if pattern.pattern.converters else [({}, "")])
                assert wanted, f"{pattern.name}: no example"
                paths.extend(reverse(pattern.name, urlconf, kwargs=dict(given)) + query for given, query in wanted)

    walk(get_resolver(urlconf).url_patterns)
    assert set(examples) <= named
    return paths


def visit(page: Page, address: str) -> list[str]:
    """Open a page that is there, and nowhere else: of the page that says it is not, axe would have nothing to say."""
    answer = page.goto(address)
    assert answer is not None
    assert (answer.status, page.url.partition("#")[0]) == (200, address)
    return offences(page)


# staff


@pytest.fixture
def staff_examples(
    actor: Actor, central: Library, patron: Patron, other_patron: Patron, item: Item
) -> dict[str, list[Example]]:
    """One of everything that a page can be about."""
    late, kept, lost = (record.items.get() for record in titles(3))
    make_late(lend_out(late, other_patron), 40)
    lend_out(kept, patron)
    hold_back(actor, kept.barcode, central, ReturnCase.Reason.WATER, new())
    LendingBlock.objects.create(patron=patron, reason="misuse", began_on=timezone.localdate(), made_by="demo")
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    day = paper.Day(central, None, Late(yesterday, LateReason.LINE_DOWN), 3, 2)
    asked = reference.Asked(channel="phone", questioner="student", text="見本市の古い地図はありますか")
    with_copy = Hold.objects.filter(state__in=WITH_COPY)[0]
    person, of_late = {"pseudonym": patron.pseudonym}, {"pseudonym": other_patron.pseudonym}
    certificate = ErasureCertificate.objects.create(
        key=new(),
        library=central,
        year=2026,
        serial=999,
        erased_on=yesterday,
        reason="asked",
        erased_by="demo",
        erased=["patron"],
    )
    act = ItemAct.objects.create(key=new(), kind="bulk", made_on=yesterday, made_by="demo", library=central, given=0)
    return {
        "authority-account": [({"pk": StaffAccount.objects.get(login_id="demo").pk}, "")],
        "certificate": [({"pk": certificate.pk}, "")],
        **{
            name: [(person, "")]
            for name in (
                *("patron", "patron-change", "patron-card", "patron-guardian", "patron-erase", "patron-disclose"),
                *("patron-loans", "subject-request"),
            )
        },
        "overdue-contact": [(of_late, "")],
        "case": [({"pk": ReturnCase.objects.latest("pk").pk}, "")],
        "case-form": [({"pk": ReturnCase.objects.latest("pk").pk}, "")],
        "lending-set": [({"pk": LendingSet.objects.create(name="3年生 調べ学習", library=central).pk}, "")],
        "paper-batch": [({"pk": paper.begin(ACTOR, day, new()).pk}, "")],
        "reference-question": [({"pk": reference.receive(actor, central, asked, new()).pk}, "")],
        "holds-title": [({"pk": with_copy.record_id}, "")],
        "hold-slip": [({"pk": with_copy.pk}, "")],
        "transit-slip": [({"pk": Transit.objects.filter(ended_on=None)[0].pk}, "")],
        "item": [({"pk": item.pk}, ""), ({"pk": lost.pk}, "")],
        "item-new": [({"pk": MEROS}, "")],
        "items-act": [({"pk": act.pk}, "")],
        "catalogue": [({}, ""), ({}, "?q=%E5%A4%AA%E5%AE%B0")],
        "catalogue-record": [({"pk": MEROS}, "")],
        "catalogue-merge": [({"pk": MEROS}, "?other=773")],
        "catalogue-import": [({"pk": an_import().pk}, "")],
        "catalogue-authorities": [({}, ""), ({}, "?q=%E5%A4%AA%E5%AE%B0")],
        "catalogue-authority": [({"pk": Authority.objects.order_by("pk")[0].pk}, "")],
    }


def an_import() -> ImportBatch:
    content = "書名,著者\r\n見本の本,見本 太郎\r\n,\r\n".encode()
    form, encoding = guess("test.csv", content)
    begun = importing.begin(io.BytesIO(content), "test.csv", form, encoding, columns={}, policy="merge", by="demo")
    return importing.load(begun, io.BytesIO(content), ACTOR)


@pytest.fixture
def chief(central: Library) -> None:
    """The account of the demonstration has every right."""
    StaffAccount.objects.filter(login_id="demo").update(level=Level.MANAGER)
    make_account(Level.TRAINEE, central)


def log_in(page: Page, login_id: str) -> None:
    page.locator("#id_login_id").fill(login_id)
    page.locator("#id_password").fill(DEMO_PASSWORD)
    page.locator("#id_library").select_option(label="総合市民図書館")
    page.keyboard.press("Enter")


def test_every_screen_of_the_staff_service(
    chief: None,
    staff_examples: dict[str, list[Example]],
    card: Card,
    item: Item,
    central: Library,
    anonymous: Client,
) -> None:
    paths = screens("shoko_ils.urls_staff", staff_examples)
    assert len(paths) > 60
    stand_by("level3", central)
    with serving() as (_, site), browsing() as page:
        found = visit(page, f"{site}/login/")
        log_in(page, "level3")
        page.locator("[name=trainee]").wait_for(state="attached")
        found += offences(page)
        page.goto(f"{site}/login/")
        log_in(page, "demo")
        expect(page.locator("#scan")).to_be_focused()
        for path in paths:
            found += visit(page, site + path)
        for after in at_work(page, site, card, item):
            after()
            found += offences(page)
    assert found == []


def at_work(page: Page, site: str, card: Card, item: Item) -> Iterator[Callable[[], None]]:
    """What a page shows after something was done on it."""

    def lending() -> None:
        page.goto(f"{site}/lend/")
        scan(page, card.number)
        expect(page.locator(".person-name")).to_be_visible()

    def stopped() -> None:
        scan(page, item.barcode)
        expect(page.locator("#permit-reason")).to_be_visible()

    def returned() -> None:
        page.goto(f"{site}/return/")
        scan(page, item.barcode)
        expect(page.locator(".lines")).to_be_visible()

    def listed() -> None:
        page.goto(f"{site}/patrons/")
        page.locator("main form [name=text]").fill(card.number)
        page.keyboard.press("Enter")
        expect(page.locator("main table")).to_be_visible()

    yield from (lending, stopped, returned, listed)


# public


@pytest.fixture
def member_card(patron: Patron, other_patron: Patron, card: Card, central: Library) -> str:
    """The card of a citizen who has a password, and of whom there is something to show of every kind."""
    today = timezone.localdate()
    store_password(patron)
    out, waits, ready, favourite = titles(4)
    lend_out(out.items.get(), patron, due_in=2)
    hold(other_patron, waits.pk)
    hold(patron, waits.pk)
    shelved = ready.items.select_related("library").get()
    hold(patron, ready.pk, pickup=shelved.library.key)
    Favourite.objects.create(patron=patron, record=favourite, kept_on=today)
    HistoryWish.objects.create(patron=patron, since=today)
    ReadingNote.objects.create(patron=patron, record=favourite, lent_on=today)
    EndedHold.objects.create(patron=patron, record=favourite, why="cancelled", ended_on=today)
    asked = reference.ask_by_web(patron, "general", "見本市の古い地図はありますか", new())
    reference.answer(ACTOR, asked.pk, "総合市民図書館の3階にあります。")
    return card.number


@pytest.fixture
def public_examples(central: Library) -> dict[str, list[Example]]:
    text = reference.CaseText("古い地図はあるか", "3階にある。", "見本市史", "291")
    author = Authority.objects.filter(headings__record=MEROS)[0]
    return {
        "home": [({}, ""), ({}, "?library=south")],
        "search": [
            *(({}, query) for query in ("", "?q=%E5%A4%AA%E5%AE%B0", "?q=zzzzzz")),
            ({}, "?f1=author&q1=%E5%A4%AA%E5%AE%B0&class=9"),
        ],
        "case": [({"pk": reference.publish(ACTOR, text, new()).pk}, "")],
        "record": [({"pk": MEROS}, "")],
        "authority": [({"pk": author.pk}, "")],
    }


@pytest.mark.parametrize(("language", "width"), [*((each, 360) for each in NAMES), ("ja", 1280)])
def test_every_screen_of_the_public_service(
    language: str,
    width: int,
    member_card: str,
    public_examples: dict[str, list[Example]],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    request: Any,
) -> None:
    paths = screens("shoko_ils.urls_public", public_examples)
    assert len(paths) > 15
    request.getfixturevalue("public")
    settings.SITE = settings.SITE | {"reading_history": True}
    monkeypatch.setattr(orders, "pause", desk_works)
    with serving() as (_, site), browsing() as page:
        page.set_viewport_size({"width": width, "height": 800})

        def at(path: str) -> str:
            where, _, query = path.partition("?")
            return site + in_language(language, where, query)

        found = visit(page, at("/my/login/"))
        page.locator("#card").fill(member_card)
        page.locator("#password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(at("/my/"))
        for path in paths:
            found += visit(page, at(path))
        for after in at_home(page, at, member_card):
            after()
            found += offences(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert found == []


def at_home(page: Page, at: Callable[[str], str], number: str) -> Iterator[Callable[[], None]]:
    """The basket with something in it and after it, and the steps to a password."""

    def filled() -> None:
        page.goto(at(f"/records/{MEROS}/"))
        page.locator('form[action$="/my/basket/add/"] button').first.click()
        expect(page.locator("#pickup")).to_be_visible()

    def placed() -> None:
        page.locator("form.panel button[type=submit]").click()
        expect(page.locator("#pickup")).to_have_count(0)

    def with_a_number() -> None:
        page.goto(at("/password/"))
        page.locator("main [name=card]").fill(number)
        page.keyboard.press("Enter")
        expect(page.locator("[name=way]").first).to_be_visible()

    def with_a_code() -> None:
        page.locator("main form.panel button[type=submit]").click()
        expect(page.locator("[name=code]")).to_be_visible()

    def not_there() -> None:
        page.goto(at("/records/99999999/"))

    yield from (filled, placed, with_a_number, with_a_code, not_there)
