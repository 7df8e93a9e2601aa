"""Each act on persons, items, cases of reference, staff and catalogue leaves one event, by who did it."""

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyotp
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone

from shoko_ils.catalog import marc
from shoko_ils.catalog.importing import batch as importing
from shoko_ils.catalog.importing.sources import Form
from shoko_ils.catalog.models import ImportBatch, MergeLog
from shoko_ils.catalog.ndl import taking
from shoko_ils.catalog.ndl.dcndl import Hit
from shoko_ils.holdings import services as items
from shoko_ils.holdings.models import Item, Location, MaterialClass
from shoko_ils.holdings.services import Accession, Change, acting
from shoko_ils.mylibrary import applications, codes
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.patrons.services import cards, erasure, registration, rights
from shoko_ils.patrons.services.registration import Details
from shoko_ils.reference import services as reference
from shoko_ils.staff.models import Level, StaffAccount
from shoko_ils.staff.services import authority, factors
from tests.audited import MEROS, Act, Acts, Scene, check
from tests.conftest import log_in, make_account
from tests.counter import as_owner
from tests.holding import ACTOR, copies, hold, library, new, scan, titles
from tests.operators import CARD, PIN, take_over
from tests.registering import free_card
from tests.test_import import BOOKS, book, iso

SERVICES, SCREENS = Acts(), Acts()
type Done = Callable[[], object]


@pytest.mark.parametrize("act", SERVICES, ids=str)
def test_the_act_leaves_one_event(act: Act, scene: Scene) -> None:
    check(act, scene)


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("act", SCREENS, ids=str)
def test_the_act_on_its_screen_leaves_one_event(act: Act, scene: Scene) -> None:
    check(act, scene)


# --- persons


def number(scene: Scene) -> str:
    return Card.objects.get(patron=scene.patron, ended_on=None).number


def about(patron: Patron) -> Details:
    return Details(category_id=patron.category_id, name=patron.name, birth_date=patron.birth_date, address="新しい町")


@SERVICES.leaves("change-patron", about_patron=True)
def a_change(scene: Scene) -> Done:
    return lambda: registration.change(ACTOR, scene.patron.pk, about(scene.patron))


@SERVICES.leaves("renew-patron", about_patron=True)
def a_renewal(scene: Scene) -> Done:
    return lambda: registration.renew(ACTOR, scene.patron.pk)


@SERVICES.leaves("erase-patron", about_patron=True)
def an_erasure(scene: Scene) -> Done:
    return lambda: erasure.erase(ACTOR, scene.patron.pk, "asked", scene.central, new())


@SERVICES.leaves("reissue-card", about_patron=True)
def another_card(scene: Scene) -> Done:
    return lambda: cards.reissue(ACTOR, scene.patron.pk, number(scene), free_card(), Card.Reason.LOST)


@SERVICES.leaves("end-card", about_patron=True)
def an_ended_card(scene: Scene) -> Done:
    return lambda: cards.end(ACTOR, scene.patron.pk, number(scene), Card.Reason.HANDED_IN)


@SERVICES.leaves("add-card", about_patron=True)
def a_card_for_who_has_none(scene: Scene) -> Done:
    cards.end(ACTOR, scene.patron.pk, number(scene), Card.Reason.LOST)
    return lambda: cards.add(ACTOR, scene.patron.pk, free_card())


def received(scene: Scene) -> int:
    how = {"library": scene.central, "key": new()}
    return rights.receive(ACTOR, scene.patron.pk, "correction", "licence", **how).pk


@SERVICES.leaves("receive-correction", about_patron=True)
def a_request_of_the_person(scene: Scene) -> Done:
    return lambda: received(scene)


@SERVICES.leaves("extend-request", about_patron=True)
def an_extension(scene: Scene) -> Done:
    request = received(scene)
    return lambda: rights.extend(ACTOR, request, "difficult")


@SERVICES.leaves("decide-request", about_patron=True)
def a_decision(scene: Scene) -> Done:
    request = received(scene)
    return lambda: rights.decide(ACTOR, request, "granted")


@SERVICES.leaves("password-slip", about_patron=True)
def a_slip_with_a_code(scene: Scene) -> Done:
    return lambda: codes.slip(ACTOR, scene.patron)


@SERVICES.leaves("member-unpause", about_patron=True)
def the_end_of_a_pause(scene: Scene) -> Done:
    return lambda: codes.unpause(ACTOR, Card.objects.get(number=number(scene)))


def applied(scene: Scene) -> str:
    return applications.leave(scene.central, name="見本 花子").replace("-", "")


@SERVICES.leaves("provisional-view")
def an_application_looked_at(scene: Scene) -> Done:
    receipt = applied(scene)
    return lambda: applications.shown(ACTOR, receipt)


@SERVICES.leaves("provisional-take")
def an_application_that_became_a_registration(scene: Scene) -> Done:
    receipt, person = applied(scene), Details(category_id=scene.patron.category_id, name="見本 花子")
    how = {"together": lambda: applications.take(ACTOR, receipt)}
    return lambda: registration.register(ACTOR, person, scene.central, free_card(), new(), **how)


@SERVICES.leaves("provisional-erase")
def an_erased_application(scene: Scene) -> Done:
    receipt = applied(scene)
    return lambda: applications.erase(ACTOR, receipt)


# --- items


def taken_in(scene: Scene) -> Item:
    place, kind = Location.objects.order_by("pk")[0], MaterialClass.objects.get(key="book")
    return items.accession(ACTOR, Accession(MEROS, scene.central, place, kind, "913"), new())


@SERVICES.leaves("items-accession")
def a_new_copy(scene: Scene) -> Done:
    return lambda: taken_in(scene)


@SERVICES.leaves("items-bulk")
def a_change_of_many(scene: Scene) -> Done:
    numbers = [record.items.get().barcode for record in titles(2)]
    made = items.changed(ACTOR, scene.central, numbers, Change(note="見本"))
    return lambda: acting.carry_out(made, new())


@SERVICES.leaves("items-missing")
def a_missing_copy(scene: Scene) -> Done:
    made = items.missing(ACTOR, scene.central, [taken_in(scene).barcode])
    return lambda: acting.carry_out(made, new())


@SERVICES.leaves("items-withdraw")
def a_withdrawal(scene: Scene) -> Done:
    made = items.withdrawn(ACTOR, scene.central, [taken_in(scene).barcode], Item.Withdrawal.WORN)
    return lambda: acting.carry_out(made, new())


@SERVICES.leaves("items-reassign")
def a_reassignment(scene: Scene) -> Done:
    made = items.reassigned(ACTOR, scene.central, [taken_in(scene).barcode], library("south"))
    return lambda: acting.carry_out(made, new())


@SERVICES.leaves("items-revert")
def an_act_taken_back(scene: Scene) -> Done:
    done = acting.carry_out(items.missing(ACTOR, scene.central, [taken_in(scene).barcode]), new())
    return lambda: items.revert(ACTOR, scene.central, done.pk, new())


# --- reference


@SERVICES.leaves("reference-receive")
def a_received_question(scene: Scene) -> Done:
    asked = reference.Asked("counter", "general", "地名の由来")
    return lambda: reference.receive(ACTOR, scene.central, asked, new())


@SERVICES.leaves("reference-note")
def a_step_of_the_investigation(scene: Scene) -> Done:
    asked = reference.ask_by_web(scene.patron, "general", "地名の由来", new())
    return lambda: reference.note(ACTOR, asked, "市史を見た")


@SERVICES.leaves("reference-answer")
def an_answer(scene: Scene) -> Done:
    asked = reference.ask_by_web(scene.patron, "general", "地名の由来", new())
    return lambda: reference.answer(ACTOR, asked.pk, "諸説あります")


@SERVICES.leaves("case-publish")
def a_published_case(scene: Scene) -> Done:
    return lambda: reference.publish(ACTOR, reference.CaseText("地名の由来", "諸説ある。"), new())


@SERVICES.leaves("case-withdraw")
def a_withdrawn_case(scene: Scene) -> Done:
    case = reference.publish(ACTOR, reference.CaseText("地名の由来", "諸説ある。"), new())
    return lambda: reference.withdraw(ACTOR, case.pk)


# --- staff


@SERVICES.leaves("refuse-authority")
def a_refused_request(scene: Scene) -> Done:
    asker, about = (make_account(level, scene.central) for level in (Level.MANAGER, Level.ASSISTANT))
    today = timezone.localdate()
    asked = authority.ask(ACTOR, asker, "end", "left", today + dt.timedelta(days=1), key=new(), account=about)
    return lambda: authority.refuse(ACTOR, scene.officer, asked.pk)


def with_card(scene: Scene) -> Scene:
    """`demo` has staff card and PIN."""
    as_owner(lambda: StaffAccount.objects.filter(login_id="demo").update(card=CARD))
    as_owner(lambda: factors.set_pin(scene.officer, PIN))
    return scene


@SCREENS.leaves("pin-refused")
def a_wrong_pin(scene: Scene) -> Done:
    client = with_card(scene).client
    return lambda: take_over(client, CARD, "1357")


@SCREENS.leaves("pin-refused", actor="-")
def a_pin_with_the_card_of_nobody(scene: Scene) -> Done:
    return lambda: take_over(scene.client, CARD)


@SCREENS.leaves("pin-shut")
def a_pin_after_five_wrong_ones(scene: Scene) -> Done:
    client = with_card(scene).client
    for _ in range(5):
        take_over(client, CARD, "1357")
    return lambda: take_over(client, CARD)


@SCREENS.leaves("set-second-factor")
def a_second_factor(scene: Scene) -> Done:
    secret = factors.begin_totp(scene.officer)
    return lambda: posted(scene, "/account/", 200, act="code", code=pyotp.TOTP(secret).now())


@SCREENS.leaves("set-pin")
def a_pin(scene: Scene) -> Done:
    return lambda: posted(scene, "/account/", act="pin", card=CARD, pin=PIN)


@SCREENS.leaves("change-password")
def a_password(scene: Scene) -> Done:
    known, fresh = "correct horse battery", "another horse battery"
    return lambda: posted(scene, "/account/", act="password", old=known, new=fresh, again=fresh)


@SCREENS.leaves("analyse-audit", actor="level1")
def an_analysis(scene: Scene) -> Done:
    as_owner(lambda: make_account(Level.MANAGER, scene.central))
    log_in(scene.client, "level1", scene.central)
    return lambda: posted(scene, "/audit/", act="analyse")


# --- notices


def notice(scene: Scene, contact: str) -> Notice:
    """Of a copy on the hold shelf, due now."""

    def prepare() -> Notice:
        Patron.objects.filter(pk=scene.patron.pk).update(contact="phone", email="", phone="000-1111-2222")
        hold(scene.patron, MEROS)
        scan(copies(MEROS)[0], "central")
        Notice.objects.filter(patron=scene.patron).update(not_before=timezone.now(), way=contact)
        return Notice.objects.get(patron=scene.patron)

    return as_owner(prepare)


@SCREENS.leaves("notice-note")
def a_call(scene: Scene) -> Done:
    told = notice(scene, "phone")
    return lambda: posted(scene, "/holds/contact/", notice=told.pk, result="absent")


@SCREENS.leaves("print-postcard", about_patron=True)
def a_printed_postcard(scene: Scene) -> Done:
    notice(scene, "postcard")
    return lambda: posted(scene, "/holds/postcards/", 200, print="1")


@SCREENS.leaves("postcards-sent")
def postcards_that_were_sent(scene: Scene) -> Done:
    told = notice(scene, "postcard")
    return lambda: posted(scene, "/holds/postcards/", notice=told.pk)


# --- catalogue


def posted(scene: Scene, path: str, status: int = 302, **values: Any) -> str:
    """Send a form; where the answer leads."""
    answer = scene.client.post(path, values)
    assert answer.status_code == status, answer.content.decode()
    return str(answer.get("Location", ""))


def catalogued(scene: Scene, title: str = "新しい本") -> str:
    return posted(scene, "/catalogue/new/", title=title)


@SCREENS.leaves("catalogue")
def a_new_record(scene: Scene) -> Done:
    return lambda: catalogued(scene)


@SCREENS.leaves("catalogue")
def a_record_changed_in_its_form(scene: Scene) -> Done:
    page = catalogued(scene)
    return lambda: posted(scene, page, act="form", version="1", title="新しい本 改")


@SCREENS.leaves("catalogue")
def a_record_changed_in_its_lines(scene: Scene) -> Done:
    page = catalogued(scene)
    return lambda: posted(scene, page, act="lines", version="1", text="245 00 $a 新しい本 改")


@SCREENS.leaves("catalogue")
def a_former_version_brought_back(scene: Scene) -> Done:
    page = catalogued(scene)
    posted(scene, page, act="form", version="1", title="新しい本 改")
    return lambda: posted(scene, page, act="restore", former="1")


@SCREENS.leaves("merge-records")
def a_merge(scene: Scene) -> Done:
    kept, gone = (catalogued(scene, title) for title in ("片方の本", "片方の本だ"))
    return lambda: posted(scene, f"{kept}merge/", other=gone.split("/")[-2], reason="重複")


@SCREENS.leaves("merge-records")
def an_undone_merge(scene: Scene) -> Done:
    kept, gone = (catalogued(scene, title) for title in ("片方の本", "片方の本だ"))
    posted(scene, f"{kept}merge/", other=gone.split("/")[-2], reason="重複")
    return lambda: posted(scene, f"{kept}merge/", undo=str(MergeLog.objects.latest("pk").pk))


def uploaded(scene: Scene) -> str:
    file = SimpleUploadedFile("books.mrc", iso(*BOOKS) + b"short\x1d")
    return posted(scene, "/catalogue/import/", file=file, policy="merge", columns="")


@SCREENS.leaves("upload-records")
def a_file_read_in(scene: Scene) -> Done:
    return lambda: uploaded(scene)


@SCREENS.leaves("load-records")
def a_file_loaded(scene: Scene) -> Done:
    page = uploaded(scene)
    return lambda: posted(scene, page, act="load")


@SCREENS.leaves("revert-records")
def a_file_taken_back(scene: Scene) -> Done:
    page = uploaded(scene)
    posted(scene, page, act="load")
    return lambda: posted(scene, page, act="revert")


def commanded(*given: object) -> None:
    call_command(*map(str, given), stdout=io.StringIO(), stderr=io.StringIO())


def begun(scene: Scene, content: bytes) -> Path:
    """A file whose load is planned: nothing of it is in the catalogue."""
    path = scene.place / "books.mrc"
    path.write_bytes(content)
    with path.open("rb") as file:
        importing.begin(file, path.name, Form.ISO2709, "utf-8", columns={}, policy="merge", by="import_records")
    return path


@SERVICES.leaves("load-records", actor="import_records", library="")
def a_file_loaded_at_the_host(scene: Scene) -> Done:
    file = begun(scene, iso(*BOOKS))
    return lambda: commanded("import_records", file)


@SERVICES.leaves("load-records", actor="import_records", library="")
def an_empty_file_loaded_at_the_host(scene: Scene) -> Done:
    file = begun(scene, b"")
    return lambda: commanded("import_records", file, "--form", "iso2709")


@SERVICES.leaves("revert-records", actor="import_records", library="")
def a_file_taken_back_at_the_host(scene: Scene) -> Done:
    commanded("import_records", begun(scene, iso(*BOOKS)))
    return lambda: commanded("import_records", "--revert", ImportBatch.objects.get().pk)


@SERVICES.leaves("export-records", actor="export_records", library="")
def records_taken_along_at_the_host(scene: Scene) -> Done:
    return lambda: commanded("export_records", scene.place / "all.mrc", "--query", "走れメロス")


@SCREENS.leaves("export-records")
def records_taken_along(scene: Scene) -> Done:
    return lambda: scene.client.get("/catalogue/export/", {"form": "iso2709", "q": "走れメロス"})


@SCREENS.leaves("export-records")
def quarantined_records_taken_along(scene: Scene) -> Done:
    page = uploaded(scene)
    posted(scene, page, act="load")
    return lambda: scene.client.get(f"{page}quarantine/")


@SCREENS.leaves("copy-catalogue")
def a_record_taken_from_elsewhere(scene: Scene) -> Done:
    hit = taking.sealed(Hit(marc.write(book("9", "借りた書誌")), "借りた書誌", "", "", "", "", ""))
    return lambda: posted(scene, "/catalogue/copy/", hit=hit, take="1")


def authority_made(scene: Scene) -> str:
    return posted(scene, "/catalogue/authorities/new/", kind="person", name="試験 花子")


@SCREENS.leaves("authority")
def a_new_heading(scene: Scene) -> Done:
    return lambda: authority_made(scene)


@SCREENS.leaves("remove-authority")
def a_removed_heading(scene: Scene) -> Done:
    page = authority_made(scene)
    return lambda: posted(scene, page, act="remove")
