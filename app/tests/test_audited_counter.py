"""Each act of circulation, holds and calendar leaves one event, by who did it, and names the patron or nobody.

Where an event would stand beside a row of the item or title, it names nobody: both together would tell what a person
read, or wished to read.
"""

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from shoko_ils.circulation.models import CaseContact, LendingBlock, Loan, OverdueStage, PaperSlip, ReturnCase
from shoko_ils.circulation.services import (
    Late,
    LateReason,
    blocking,
    case_file,
    cases,
    closing,
    declare_lost,
    hold_back,
    lend,
    overdue_mail,
    paper,
    renew,
    take_back,
    undo_return,
)
from shoko_ils.circulation.services import lending_set as sets
from shoko_ils.core.models import CalendarException, Library
from shoko_ils.holds.models import TitleRequest
from shoko_ils.holds.scans import lost_on_the_way, not_on_shelf, scan_in
from shoko_ils.holds.services import changing, ending, requests
from shoko_ils.patrons.models import Card
from tests.audited import MEROS, Act, Acts, Scene, check
from tests.holding import ACTOR, copies, hold, library, new, people, place, scan
from tests.test_case_file import picture

pytestmark = pytest.mark.usefixtures("empty_shelves")
ACTS = Acts()
type Done = Callable[[], object]
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize("act", ACTS, ids=str)
def test_the_act_leaves_one_event(act: Act, scene: Scene) -> None:
    check(act, scene)


# --- loans


@ACTS.leaves("lend")
def a_loan(scene: Scene) -> Done:
    return lambda: lend(ACTOR, scene.patron.pk, scene.item.barcode, scene.central, new())


@ACTS.leaves("renew")
def a_renewal(scene: Scene) -> Done:
    loan = scene.lent()
    Loan.objects.filter(pk=loan.pk).update(due_on=timezone.localdate() + DAY, lent_on=loan.lent_on - 13 * DAY)
    return lambda: renew(ACTOR, scene.patron.pk, scene.item.barcode, scene.central, new())


@ACTS.leaves("take-back")
def a_return(scene: Scene) -> Done:
    scene.lent()
    return lambda: take_back(ACTOR, scene.item.barcode, scene.central, new())


@ACTS.leaves("undo-return")
def an_undone_return(scene: Scene) -> Done:
    scene.lent()
    at = {"terminal": new(), "secret": new()}
    take_back(ACTOR, scene.item.barcode, scene.central, new(), **at)
    return lambda: undo_return(ACTOR, scene.central, new(), **at)


@ACTS.leaves("declare-lost")
def a_loss(scene: Scene) -> Done:
    scene.lent()
    return lambda: declare_lost(ACTOR, scene.patron.pk, scene.item.barcode, scene.central, new())


@ACTS.leaves("hold-back")
def a_return_that_waits_for_a_check(scene: Scene) -> Done:
    scene.lent()
    return lambda: hold_back(ACTOR, scene.item.barcode, scene.central, ReturnCase.Reason.DIRTY, new())


@ACTS.leaves("decide-waived")
def a_decision(scene: Scene) -> Done:
    case = scene.case()
    return lambda: cases.decide(ACTOR, scene.officer, case.pk, ReturnCase.Decision.WAIVED)


@ACTS.leaves("settle-case")
def a_settlement(scene: Scene) -> Done:
    case = scene.case()
    cases.decide(ACTOR, scene.officer, case.pk, ReturnCase.Decision.SUBSTITUTE)
    return lambda: cases.settle(ACTOR, scene.officer, case.pk)


@ACTS.leaves("contact-case")
def a_contact_about_a_case(scene: Scene) -> Done:
    case, how = scene.case(), (CaseContact.Means.COUNTER, CaseContact.Result.DISPUTES)
    return lambda: case_file.contacted(ACTOR, case.pk, *how)


@ACTS.leaves("add-case-photo")
def a_photo(scene: Scene) -> Done:
    case = scene.case()
    return lambda: case_file.add_photo(ACTOR, case.pk, picture())


@ACTS.leaves("remove-case-photo")
def a_removed_photo(scene: Scene) -> Done:
    case = scene.case()
    case_file.add_photo(ACTOR, case.pk, picture())
    return lambda: case_file.remove_photo(ACTOR, case.pk, 1)


@ACTS.leaves("block-misuse", about_patron=True)
def a_block(scene: Scene) -> Done:
    return lambda: blocking.block(ACTOR, scene.officer, scene.patron, LendingBlock.Reason.MISUSE)


@ACTS.leaves("lift-block", about_patron=True)
def a_lifted_block(scene: Scene) -> Done:
    blocking.block(ACTOR, scene.officer, scene.patron, LendingBlock.Reason.ADDRESS)
    return lambda: blocking.lift(ACTOR, scene.officer, scene.patron)


@ACTS.leaves("overdue-notice", about_patron=True)
def a_notice(scene: Scene) -> Done:
    stage = OverdueStage.objects.filter(means="postcard")[0]
    return lambda: overdue_mail.put(ACTOR, scene.patron, scene.central, stage)


# --- sets of groups


@ACTS.leaves("prepare-set")
def a_set(scene: Scene) -> Done:
    return lambda: sets.prepare(ACTOR, scene.central, "見本")


@ACTS.leaves("change-set")
def an_item_put_into_a_set(scene: Scene) -> Done:
    made = sets.prepare(ACTOR, scene.central, "見本")
    return lambda: sets.add(ACTOR, made.pk, [scene.item.barcode])


@ACTS.leaves("change-set")
def an_item_taken_out_of_a_set(scene: Scene) -> Done:
    made = sets.prepare(ACTOR, scene.central, "見本")
    sets.add(ACTOR, made.pk, [scene.item.barcode])
    return lambda: sets.take_out(ACTOR, made.pk, scene.item.barcode)


@ACTS.leaves("dissolve-set")
def a_dissolved_set(scene: Scene) -> Done:
    made = sets.prepare(ACTOR, scene.central, "見本")
    return lambda: sets.dissolve(ACTOR, made.pk)


# --- paper slips


def late() -> Late:
    return Late(timezone.localdate() - DAY, LateReason.LINE_DOWN)


def slip(scene: Scene, card: str) -> PaperSlip:
    """A loan on paper that the system would not make by itself."""
    batch = paper.begin(ACTOR, paper.Day(scene.central, None, late(), 1, 0), new())
    paper.enter(ACTOR, batch, PaperSlip.Act.LEND, (card, scene.item.barcode), new())
    return batch.slips.get(state="conflict")


@ACTS.leaves("paper-line-down")
def a_day_on_paper(scene: Scene) -> Done:
    return lambda: paper.begin(ACTOR, paper.Day(scene.central, None, late(), 1, 0), new())


@ACTS.leaves("paper-reject")
def a_slip_put_aside(scene: Scene) -> Done:
    conflict = slip(scene, "99999999")
    return lambda: paper.reject(ACTOR, scene.officer, conflict.pk)


@ACTS.leaves("requeue-hold")
def a_held_copy_lent_on_paper(scene: Scene) -> Done:
    hold(people(2)[1], MEROS)
    scan(scene.item, "central")
    conflict = slip(scene, Card.objects.get(patron=scene.patron, ended_on=None).number)
    return lambda: paper.accept(ACTOR, scene.officer, conflict.pk, new())


# --- holds


@ACTS.leaves("hold-place")
def a_hold(scene: Scene) -> Done:
    return lambda: place(scene.patron, MEROS)


@ACTS.leaves("hold-cancel")
def a_cancelled_hold(scene: Scene) -> Done:
    waits = scene.hold()
    return lambda: ending.cancel(ACTOR, waits.pk)


@ACTS.leaves("hold-suspend")
def a_suspension(scene: Scene) -> Done:
    waits, today = scene.hold(), timezone.localdate()
    return lambda: changing.suspend(ACTOR, waits.pk, today, today)


@ACTS.leaves("hold-resume")
def the_end_of_a_suspension(scene: Scene) -> Done:
    waits, today = scene.hold(), timezone.localdate()
    changing.suspend(ACTOR, waits.pk, today, today)
    return lambda: changing.resume(ACTOR, waits.pk)


@ACTS.leaves("hold-move")
def a_change_of_order(scene: Scene) -> Done:
    hold(people(2)[1], MEROS)
    waits = scene.hold()
    return lambda: changing.move(ACTOR, waits.pk, 1, "授業で使用")


@ACTS.leaves("hold-pickup")
def another_pickup_library(scene: Scene) -> Done:
    waits = scene.hold()
    return lambda: changing.change_pickup(ACTOR, waits.pk, library("south"))


@ACTS.leaves("hold-contact")
def another_way_of_being_told(scene: Scene) -> Done:
    waits = scene.hold()
    return lambda: changing.change_contact(ACTOR, waits.pk, "none")


@ACTS.leaves("hold-extend")
def a_longer_pickup_limit(scene: Scene) -> Done:
    waits = scene.shelved()
    return lambda: changing.extend(ACTOR, waits.pk)


@ACTS.leaves("route")
def a_scan_at_the_hold_counter(scene: Scene) -> Done:
    scene.hold()
    return lambda: scan_in(ACTOR, scene.item.barcode, scene.central, new())


@ACTS.leaves("item-missing")
def a_copy_not_found_twice(scene: Scene) -> Done:
    scene.hold()
    not_on_shelf(ACTOR, scene.item.barcode, new())
    return lambda: not_on_shelf(ACTOR, scene.item.barcode, new())


@ACTS.leaves("item-missing")
def a_copy_lost_on_the_way(scene: Scene) -> Done:
    hold(scene.patron, MEROS, "south")
    scan(copies(MEROS)[0], "central")
    item = copies(MEROS)[0]
    return lambda: lost_on_the_way(ACTOR, item.barcode, new())


def asked(scene: Scene) -> TitleRequest:
    return requests.ask(ACTOR, scene.patron.pk, requests.Title("無い本"), scene.central, new())


@ACTS.leaves("request-place")
def a_title_request(scene: Scene) -> Done:
    return lambda: asked(scene)


@ACTS.leaves("request-decide")
def a_decision_about_a_title(scene: Scene) -> Done:
    request = asked(scene)
    return lambda: requests.decide(ACTOR, request.pk, TitleRequest.Decision.BUY)


# --- calendar


def planned(at: Library) -> CalendarException:
    first = timezone.localdate() + 60 * DAY
    kind, reason = CalendarException.Kind.CLOSED, CalendarException.Reason.STOCKTAKING
    return closing.plan(ACTOR, [at], first, first, kind=kind, reason=reason)[0]


def closed(at: Library) -> CalendarException:
    today, reason = timezone.localdate(), CalendarException.Reason.STORM
    return closing.close_in_emergency(ACTOR, [at], today, today, reason=reason, key=new())[0]


@ACTS.leaves("plan-closed")
def a_planned_closing(scene: Scene) -> Done:
    return lambda: planned(scene.central)


@ACTS.leaves("withdraw-plan")
def a_plan_taken_back(scene: Scene) -> Done:
    made = planned(scene.central)
    return lambda: closing.withdraw(ACTOR, made.pk)


@ACTS.leaves("close-storm", library="south")
def an_emergency_closing(scene: Scene) -> Done:
    """Of the library that is closed, whoever's counter decides it."""
    return lambda: closed(library("south"))


@ACTS.leaves("withdraw-closing", library="south")
def an_emergency_closing_taken_back(scene: Scene) -> Done:
    made = closed(library("south"))
    return lambda: closing.withdraw(ACTOR, made.pk)
