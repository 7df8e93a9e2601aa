"""My Library: the basket, holds, notices about them, requests for titles not held."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from shoko_ils.circulation.models import LendingBlock
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import Hold, State, TitleRequest
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Patron
from tests import holding
from tests.conftest import MEROS
from tests.members import (
    card_of,
    give_password,
    key,
    log_in,
    my,
    place,
    put,
    role,
    said,
)

pytestmark = pytest.mark.usefixtures("patron", "other_patron", "item", "desk")


def test_the_basket_survives_the_log_in_and_places_its_holds(
    public: Client, patron: Patron, other_patron: Patron
) -> None:
    with role("ils_owner"):
        holding.hold(other_patron, MEROS)
    give_password(patron)
    put(public, MEROS)
    html = public.get("/my/basket/").content.decode()
    assert "走れメロス" in html
    assert "/my/login/?next=/my/basket/" in html
    assert log_in(public, card_of(patron))
    assert "走れメロス" in public.get("/my/basket/").content.decode()
    assert "予約を受け付けました。現在 2番目です（所蔵3冊）" in place(public)
    with role("ils_owner"):
        hold = Hold.objects.get(patron=patron)
        assert (hold.record_id, hold.pickup_library.key, hold.not_needed_after) == (MEROS, "south", None)
    assert "順番待ち（2番目）" in my(public)
    assert "空です" in public.get("/my/basket/").content.decode()


def test_a_sequence_is_placed_all_or_none(member: Client, patron: Patron) -> None:
    with role("ils_owner"):
        one, two = holding.titles(2)
        holding.hold(patron, two.pk)
    put(member, one.pk, two.pk)
    assert "すでに予約されています" in place(member, group_kind="sequence")
    with role("ils_owner"):
        assert Hold.objects.filter(patron=patron).count() == 1
        Hold.objects.filter(patron=patron).delete()
    assert "予約を受け付けました" in place(member, group_kind="sequence", not_needed_after="2030-01-31")
    with role("ils_owner"):
        made = list(Hold.objects.filter(patron=patron).order_by("group_position"))
        assert [(hold.record_id, hold.group_kind) for hold in made] == [(one.pk, "sequence"), (two.pk, "sequence")]
        assert {hold.not_needed_after for hold in made} == {dt.date(2030, 1, 31)}


def test_what_is_refused_stays_in_the_basket_with_its_reason(member: Client, patron: Patron, item: Item) -> None:
    with role("ils_owner"):
        (other,) = holding.titles(1)
        holding.lend_out(item, patron)
    put(member, MEROS, other.pk)
    html = place(member)
    assert "すでに借りています" in html
    assert "予約を受け付けました" in html
    assert "走れメロス" in member.get("/my/basket/").content.decode()


def test_a_basket_form_of_another_site_and_a_forged_basket_are_nothing(public: Client) -> None:
    public.post("/my/basket/add/", {"record": MEROS}, headers={"Sec-Fetch-Site": "cross-site"})
    public.cookies["__Host-shoko-basket"] = "WzE1Njdd:forged"
    assert "空です" in public.get("/my/basket/").content.decode()


def test_a_hold_is_suspended_resumed_moved_and_cancelled(member: Client, patron: Patron) -> None:
    with role("ils_owner"):
        hold = holding.hold(patron, MEROS)
    today = timezone.localdate()
    days = {"first": today, "until": today + dt.timedelta(days=9)}
    assert said(member, "/my/holds/", {"hold": hold.pk, "act": "suspend", **days}) == "changed"
    assert "一時停止" in my(member)
    assert said(member, "/my/holds/", {"hold": hold.pk, "act": "suspend"}) == "days"
    assert said(member, "/my/holds/", {"hold": hold.pk, "act": "resume"}) == "changed"
    assert said(member, "/my/holds/", {"hold": hold.pk, "act": "pickup", "pickup": "tsujido"}) == "changed"
    assert "辻堂" in my(member)
    assert said(member, "/my/holds/", {"hold": hold.pk, "act": "cancel"}) == "changed"
    assert said(member, "/my/holds/", {"hold": hold.pk, "act": "cancel"}) == "not-changed"
    assert "予約はありません" in my(member)


@pytest.mark.parametrize(("at", "word"), [("central", "受け取れます"), ("south", "移送中")])
def test_a_citizen_reads_five_words(member: Client, patron: Patron, item: Item, at: str, word: str) -> None:
    with role("ils_owner"):
        holding.hold(patron, MEROS, at)
        holding.scan(item, "central")
    assert word in my(member)


def test_what_was_sent_is_listed_without_a_title_until_its_matter_ends(
    member: Client, patron: Patron, other_patron: Patron, item: Item
) -> None:
    assert "お送りしたお知らせはありません" in my(member)
    with role("ils_owner"):
        other = holding.copies(holding.titles(1)[0].pk)[0]
        for each, found in ((patron, item), (other_patron, other)):
            Patron.objects.filter(pk=each.pk).update(contact="phone", phone="000-0000-0001", email="")
            holding.hold(each, found.record_id)
            holding.scan(found, "central")
        for notice in Notice.objects.filter(patron__in=[patron, other_patron]):
            notices.delivered(notice, timezone.localdate())
    shown = my(member)
    told = shown[shown.index('class="told"') : shown.index("</ul>", shown.index('class="told"'))]
    assert told.count("<li>") == 1
    assert "ご予約の資料をご用意しました (電話)" in told
    assert item.record.title not in told
    with role("ils_owner"):
        mine = Hold.objects.get(patron=patron)
    assert said(member, "/my/holds/", {"hold": mine.pk, "act": "cancel"}) == "changed"
    assert 'class="told"' not in my(member)


def test_cancelling_a_shelved_hold_gives_the_copy_to_the_next(
    member: Client, patron: Patron, other_patron: Patron, item: Item
) -> None:
    """What the public role could not do itself, and the desk does."""
    with role("ils_owner"):
        mine, next_one = holding.hold(patron, MEROS), holding.hold(other_patron, MEROS)
        holding.scan(item, "central")
    assert said(member, "/my/holds/", {"hold": mine.pk, "act": "cancel"}) == "changed"
    with role("ils_owner"):
        assert holding.state(next_one) is not State.QUEUED


def test_a_title_is_requested_and_the_request_withdrawn(member: Client, patron: Patron) -> None:
    assert "太宰全集" in member.get("/my/request/", {"title": "太宰全集"}).content.decode()
    form = {"key": key(), "title": "太宰全集 13", "author": "", "publisher": "", "isbn": "978-4-480", "pickup": "south"}
    assert said(member, "/my/request/", form) == "requested"
    with role("ils_owner"):
        made = TitleRequest.objects.get(patron=patron)
        assert (made.title, made.isbn, made.pickup_library.key) == ("太宰全集 13", "9784480", "south")
    assert "検討中" in my(member)
    assert said(member, "/my/request/", {"end": made.pk}) == "request-ended"
    with role("ils_owner"):
        made.refresh_from_db()
        assert made.patron_id is None


@pytest.mark.parametrize(("contact", "said"), [("phone", "電話"), ("none", "不要（ここで確認する）")])
def test_the_basket_says_how_the_patron_is_told(member: Client, patron: Patron, contact: str, said: str) -> None:
    with role("ils_owner"):
        Patron.objects.filter(pk=patron.pk).update(contact=contact, email="")
    put(member, MEROS)
    html = member.get("/my/basket/").content.decode()
    assert f'<option value="">{said}</option>' in html
    assert 'href="/my/#told-heading"' in html


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("", ""),
        ("expired", "有効期限が切れています"),
        ("blocked", "貸出が停止されている"),
        ("limit", "貸出冊数の上限に達しています"),
        ("sequence", "前の資料が用意できるのを待っています"),
    ],
)
def test_who_is_passed_over_is_told_why(member: Client, patron: Patron, reason: str, told: str) -> None:
    with role("ils_owner"):
        if reason == "sequence":
            one, two = holding.titles(2)
            holding.place(patron, one.pk, two.pk, kind="sequence")
        else:
            holding.hold(patron, MEROS)
        if reason:
            hinder(patron, reason)
    html = my(member)
    assert "順番待ち（1番目）" in html
    assert ("ほかの方へ回ります" in html or "待っています。" in html) is bool(told)
    assert told in html


def hinder(patron: Patron, reason: str) -> None:
    today = timezone.localdate()
    if reason == "expired":
        Patron.objects.filter(pk=patron.pk).update(expires_on=today - dt.timedelta(days=1))
    elif reason == "blocked":
        LendingBlock.objects.create(patron=patron, reason="misuse", began_on=today, made_by="demo")
    elif reason == "limit":
        for each in Item.objects.filter(loans=None).exclude(record=MEROS)[:10]:
            holding.lend_out(each, patron)
