"""Every page × method × level × library against the matrix of rights."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from shoko_ils.core.models import Library
from shoko_ils.staff import access
from shoko_ils.staff.access import ACCESS, ANONYMOUS, DUTIES, MATRIX, needed
from shoko_ils.staff.models import AssignedDuty, Level, StaffAccount
from tests.cluster import DEMO_PASSWORD
from tests.conftest import act_as, log_in, make_account
from tests.rights import BEFORE_THE_LOG_IN, PAGES, WANTED, cell_of
from tests.test_staff import every_page, supervise

METHODS = ("get", "post", "put", "patch", "delete")
LIBRARIES = ("central", "south")
STOPS = ("/login/", "/account/", "/operator/")


def test_the_matrix_is_what_was_agreed() -> None:
    found = {
        f"{resource}:{action}": "".join(str(int(level)) for level in sorted(levels))
        for resource, actions in MATRIX.items()
        for action, levels in actions.items()
    }
    assert found == WANTED


def test_s1_stands_there_word_for_word() -> None:
    assert [each for pair in access.S1.values() for each in pair] == [
        "区職員(中央図書館長、係長級(地区館除く)、システム担当)",
        "全業務",
        "区職員(上記以外)、新宿区図書館奉仕員",
        "全業務(コード変更を除く)",
        "実習生",
        "カウンター業務(個人情報進入不可)",
        "臨時職員",
        "カウンター業務(一部制限)、担当業務",
    ]


def test_every_page_needs_a_cell_that_exists() -> None:
    for page in ACCESS:
        for method in METHODS:
            cell = needed(page, method.upper())
            assert cell in (None, ANONYMOUS) or cell.action in MATRIX[cell.resource], page


def test_every_page_needs_the_cell_that_was_agreed() -> None:
    """A page that is moved to a milder cell, or is new, has to be agreed on in `rights.PAGES` too."""
    assert set(PAGES) == {name for name, _ in every_page()}
    for page in PAGES:
        for method in METHODS:
            found = needed(page, method.upper())
            wanted = cell_of(page, method)
            assert (str(found) if found else None) == (ANONYMOUS if wanted == BEFORE_THE_LOG_IN else wanted), page


def allowed(level: Level, cell: str, *, own: bool, duties: tuple[str, ...]) -> bool:
    """The expectation, without the code that is tested."""
    if str(int(level)) in WANTED[cell]:
        return True
    opened = {f"{r}:{a}" for duty in duties for r, a in DUTIES[duty]}
    return level == Level.ASSISTANT and own and cell in opened


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("level", "duties"), [*((level, ()) for level in Level), (Level.ASSISTANT, ("cataloguing", "patron-lists"))]
)
def test_every_page_and_method_asks_the_matrix(
    central: Library, request: Any, level: Level, duties: tuple[str, ...], library: str
) -> None:
    """The person belongs to the central library and works there or at another one."""
    account = make_account(level, central)
    for duty in duties:
        AssignedDuty.objects.create(account=account, duty=duty, from_on=timezone.localdate())
    client: Client = request.getfixturevalue("anonymous")
    place = Library.objects.get(key=library)

    def enter() -> None:
        if level is Level.TRAINEE:
            assert supervise(client, place, "demo") == 302
        else:
            log_in(client, f"level{int(level)}", place)

    enter()
    walked = 0
    for name, path in every_page():
        for method in METHODS:
            cell = cell_of(name, method)
            if cell == BEFORE_THE_LOG_IN:
                continue
            answer = getattr(client, method)(path)
            status, elsewhere = answer.status_code, answer.headers.get("Location", "").partition("?")[0]
            walked += 1
            if cell is not None and allowed(level, cell, own=library == "central", duties=duties):
                # sent to a log-in, to the own account or to the cover is not let in; a log-out ends there
                assert status != 403, (method, path)
                assert (name, method) == ("logout", "post") or elsewhere not in STOPS, (method, path, elsewhere)
            else:
                assert status == 403, (method, path)
            if name == "logout" and method == "post":
                enter()
    assert walked > 150


def test_the_site_may_take_work_from_level_4(central: Library, settings: Any, request: Any) -> None:
    make_account(Level.ASSISTANT, central)
    make_account(Level.OFFICER, central)
    client: Client = request.getfixturevalue("anonymous")
    settings.SITE = settings.SITE | {"authority": {"restricted": ["patron:register"], "second_factor": False}}
    log_in(client, "level4", central)
    assert client.get("/patrons/new/").status_code == 403
    assert "/patrons/new/" not in client.get("/patrons/").content.decode()
    log_in(client, "level2", central)
    assert client.get("/patrons/new/").status_code == 200


def test_a_duty_of_yesterday_opens_nothing(central: Library, request: Any) -> None:
    account = make_account(Level.ASSISTANT, central)
    today = timezone.localdate()
    yesterday = today - timezone.timedelta(days=1)
    AssignedDuty.objects.create(account=account, duty="cataloguing", from_on=yesterday, until_on=yesterday)
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "level4", central)
    assert client.get("/catalogue/").status_code == 403
    act_as("ils_owner", "ils")
    AssignedDuty.objects.update(until_on=today)
    act_as("ils_staff", "ils")
    assert client.get("/catalogue/").status_code == 200


def test_a_duty_is_no_way_around_for_a_trainee(central: Library, request: Any) -> None:
    account = make_account(Level.TRAINEE, central)
    AssignedDuty.objects.create(account=account, duty="patron-lists", from_on=timezone.localdate())
    client: Client = request.getfixturevalue("anonymous")
    assert supervise(client, central, "demo") == 302
    assert client.get("/patrons/lists/").status_code == 403


def test_accounts_are_of_their_dates(central: Library, request: Any) -> None:
    """登録日 and 抹消日: before the one and from the other on nobody logs in."""
    today, day = timezone.localdate(), timezone.timedelta(days=1)
    for login_id, registered, removed, works in (
        ("future", today + day, None, False),
        ("first-day", today, None, True),
        ("last-day", today - day, today + day, True),
        ("removed", today - day, today, False),
    ):
        account = make_account(Level.OFFICER, central, login_id)
        StaffAccount.objects.filter(pk=account.pk).update(registered_on=registered, removed_on=removed)
        client = Client()
        request.getfixturevalue("anonymous")
        answer = client.post("/login/", {"login_id": login_id, "password": DEMO_PASSWORD, "library": central.pk})
        assert (answer.status_code == 302) is works, login_id
        act_as("ils_owner", "ils")
