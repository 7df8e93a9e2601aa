"""The monthly analysis of who looked at whom, and its sign-off."""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from shoko_ils.audit import analysis, record
from shoko_ils.audit.analysis import Look, findings
from shoko_ils.audit.models import Event, Finding, Report
from shoko_ils.core.models import Library
from shoko_ils.patrons.models import Patron
from shoko_ils.staff.models import Level, StaffAccount
from tests.conftest import APP, act_as, log_in, make_account

WHO = uuid.UUID(int=1)
LOOK = Look({"a": "見本 太郎", "b": "例田 花子"}, {WHO: "見本 次郎"}, {"south": {dt.date(2026, 10, 5)}})


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 10, day, hour, minute, tzinfo=timezone.get_current_timezone())


def event(
    moment: dt.datetime, action: str = "view-patron", actor: str = "b", library: str = "central", **more: Any
) -> Event:
    return Event(at=moment, action=action, actor=actor, library=library, screen="x", **more)


def kinds(*events: Event) -> dict[str, int]:
    return {key[0]: count for key, count in findings(events, LOOK).items()}


@pytest.mark.parametrize(
    ("moment", "library", "found"),
    [
        (at(1, 7, 59), "central", True),
        (at(1, 8), "central", False),
        (at(1, 19, 59), "central", False),
        (at(1, 20), "central", True),
        (at(5, 12), "south", True),  # closed on that day
        (at(5, 12), "central", False),
    ],
)
def test_views_out_of_hours(moment: dt.datetime, library: str, found: bool) -> None:
    assert ("out-of-hours" in kinds(event(moment, library=library))) is found


def test_views_without_work_at_the_counter() -> None:
    views = [event(at(1, 12, minute)) for minute in range(5)]
    assert kinds(*views) == {"no-counter-event": 5}
    assert kinds(*views[:4]) == {}
    assert kinds(*views, event(at(1, 12, 10), "lend")) == {}
    assert kinds(*views, event(at(1, 12, 10), "lend", actor="a")) == {"no-counter-event": 5}
    assert kinds(*views, event(at(1, 12, 30), "take-back")) == {"no-counter-event": 5}
    for action in ("login", "read-audit", "analyse-audit", "sign-off", "read-enquiries", "scan-card"):
        assert kinds(*views, event(at(1, 12, 10), action)) == {"no-counter-event": 5}, action


@pytest.mark.parametrize(
    "action",
    ["show-titles-overdue", "show-borrower-request", "view-holds", "print-postcard", "disclose-patron", "list-patron"],
)
def test_another_view_excuses_none(action: str) -> None:
    views = [event(at(1, 12, minute)) for minute in range(5)]
    other = event(at(1, 12, 10), action)
    assert kinds(*views, other)["no-counter-event"] >= 5
    assert kinds(*(event(at(1, 12), action) for _ in range(60)))["bulk"] == 60
    assert kinds(event(at(1, 7), action)) == {"out-of-hours": 1}


@pytest.mark.parametrize("action", ["show-titles-case", "show-borrower-hold", "view-holds", "disclose-patron"])
def test_whatever_opens_a_record_is_asked_about(action: str) -> None:
    assert kinds(*(event(at(1, 12), action) for _ in range(5))) == {"no-counter-event": 5}
    assert kinds(event(at(1, 12), action, actor="a", subject=WHO)) == {"same-surname": 1}


def test_every_act_that_shows_a_person_is_known_as_a_view() -> None:
    """What the code writes with such a name, and the analysis takes for work."""
    code = "".join(path.read_text(encoding="utf-8") for path in (APP / "shoko_ils").rglob("*.py"))
    written = set(re.findall(r'f?"((?:view|show|list|print|disclose)-[a-z]+)[-{"]', code))
    assert len(written) > 6
    assert [action for action in sorted(written) if not analysis.is_view(action)] == []


def test_very_many_views() -> None:
    lists = [event(at(1, 12), "list-patron") for _ in range(60)]
    assert kinds(*lists) == {"bulk": 60}
    assert kinds(*lists[1:]) == {}
    assert kinds(*lists[:30], *(event(at(2, 12), "list-patron") for _ in range(30))) == {}


def test_views_of_the_same_surname() -> None:
    assert kinds(event(at(1, 12), actor="a", subject=WHO)) == {"same-surname": 1}
    assert kinds(event(at(1, 12), actor="b", subject=WHO)) == {}
    assert kinds(event(at(1, 12), "list-patron", actor="a", subject=WHO)) == {}
    assert kinds(event(at(1, 12), "change-patron", actor="a", subject=WHO)) == {}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("見本 太郎", "見本 花子", True),
        ("見本 太郎", "見本山 花子", False),
        ("見本太郎", "見本 花子", True),
        ("見本 太郎", "見本花子", True),
        ("見本太郎", "見本花子", True),
        ("見本太郎", "例田花子", False),
        ("林 太郎", "林花子", True),
        ("林太郎", "森花子", False),
        ("髙橋 太郎", "高橋花子", True),
        ("", "見本 花子", False),
        ("・ ・", "見本 花子", False),
    ],
)
def test_names_without_a_blank_are_compared_too(one: str, other: str, same: bool) -> None:
    assert analysis.same_surname(one, other) is analysis.same_surname(other, one) is same


def test_a_group_has_no_surname(central: Library, patron: Any) -> None:
    StaffAccount.objects.filter(login_id="demo").update(name="見本 司書")
    for name, kind in (("見本図書館", Patron.Kind.GROUP), ("見本花子", Patron.Kind.PERSON)):
        one = Patron.objects.filter(kind=kind)[0]
        Patron.objects.filter(pk=one.pk).update(name=name)
        record.write(record.Actor("demo", "central"), "view-patron", "patron", [one.pseudonym])
    report = analysis.analyse(timezone.localdate())
    assert Finding.objects.get(report=report, kind="same-surname").count == 1


@pytest.fixture
def viewed(central: Library, patron: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Finding]:
    """Five views of a day by a person, analysed: the finding. The month is taken as over."""

    def make(login_id: str) -> Finding:
        for _ in range(5):
            record.write(record.Actor(login_id, "central"), "view-patron", "patron", [patron.pseudonym])
        report = analysis.analyse(timezone.localdate())
        return Finding.objects.get(report=report, kind="no-counter-event", actor=login_id)

    return make


def test_a_report_is_made_once_and_counts_what_it_looked_at(viewed: Callable[[str], Finding]) -> None:
    finding = viewed("demo")
    assert finding.count == 5
    assert finding.report.events == Event.objects.count()
    assert analysis.analyse(timezone.localdate()) == finding.report
    assert Report.objects.count() == 1


def test_a_month_that_is_not_over_is_not_analysed(db: None) -> None:
    with pytest.raises(CommandError, match="not over yet"):
        call_command("analyse_audit", month=timezone.localdate().strftime("%Y-%m"))
    with pytest.raises(CommandError, match="YYYY-MM"):
        call_command("analyse_audit", month="2026-13")
    call_command("analyse_audit")
    assert Report.objects.get().month < timezone.localdate().replace(day=1)


def test_nobody_checks_his_own_views(central: Library, viewed: Callable[[str], Finding], request: Any) -> None:
    chief = make_account(Level.MANAGER, central, "chief-a")
    for login_id, section in (("chief-b", ""), ("chief-c", "情報政策課")):
        made = make_account(Level.MANAGER, central, login_id)
        StaffAccount.objects.filter(pk=made.pk).update(section=section)
    finding = viewed("chief-a")
    for person in (chief, StaffAccount.objects.get(login_id="chief-b")):  # himself, and his own section
        with pytest.raises(analysis.SignOffRefused, match="own"):
            analysis.sign_off(person, finding.pk, "checked")
    with pytest.raises(IntegrityError), transaction.atomic():
        Finding.objects.filter(pk=finding.pk).update(
            resolution="checked", resolved_by="chief-a", resolved_on=timezone.localdate()
        )
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "chief-a", central)
    html = client.get("/audit/").content.decode()
    assert "ほかの人が点検します" in html
    sent = {"finding": finding.pk, "resolution": "interviewed"}
    assert client.post("/audit/", sent).status_code == 409
    log_in(client, "chief-c", central)
    assert client.post("/audit/", sent).status_code == 302
    assert client.post("/audit/", sent).status_code == 409
    html = client.get("/audit/").content.decode()
    assert "本人聴取" in html
    act_as("ils_owner", "ils")
    finding.refresh_from_db()
    assert (finding.resolution, finding.resolved_by) == ("interviewed", "chief-c")
    assert Event.objects.filter(action="read-audit", actor="chief-a").exists()
    assert Event.objects.filter(action="sign-off", actor="chief-c").exists()


def test_the_last_month_is_analysed_on_the_screen(central: Library, request: Any) -> None:
    make_account(Level.MANAGER, central)
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "level1", central)
    for _ in range(2):
        assert client.post("/audit/", {"act": "analyse"}).status_code == 302
    assert Report.objects.count() == 1
