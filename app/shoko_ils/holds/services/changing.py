"""Changes of a waiting or shelved hold: suspension, pickup library, way of being told, extension, order."""

import datetime as dt
from collections.abc import Callable

from django.db.models import F
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.core import db
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holds import queue
from shoko_ils.holds.models import SHELVED, Hold, HoldMove, State
from shoko_ils.holds.policy import policy
from shoko_ils.holds.services import ending, placing, shelf
from shoko_ils.holds.skips import Skip
from shoko_ils.holds.target import Target
from shoko_ils.patrons.services.contact import ways

TICK = dt.timedelta(microseconds=1)


def _change(actor: audit.Actor, hold_id: int, action: str, act: Callable[[Hold], bool]) -> bool:
    """Run `act` on the locked hold in a transaction; it says whether it changed anything."""

    def operation() -> bool:
        hold = ending.locked(hold_id)
        if hold is None or hold.patron_id is None or not act(hold):
            return False
        audit.write(actor, action, "holds")
        return True

    return db.run(operation, confirm=lambda: Hold.objects.filter(pk=hold_id).update(captures=F("captures")))


def suspend(actor: audit.Actor, hold_id: int, first: dt.date, until: dt.date) -> bool:
    """Pass the hold over from `first` to `until`, both included; it keeps its rank. Only while it waits."""

    def act(hold: Hold) -> bool:
        if hold.state != State.QUEUED or until < first:
            return False
        hold.suspended_from, hold.suspended_until = first, until
        if first <= timezone.localdate():
            hold.skipped = Skip.SUSPENDED.value
        hold.save(update_fields=["suspended_from", "suspended_until", "skipped"])
        return True

    return _change(actor, hold_id, "hold-suspend", act)


def resume(actor: audit.Actor, hold_id: int) -> bool:
    """End the suspension."""

    def act(hold: Hold) -> bool:
        if hold.suspended_from is None:
            return False
        hold.suspended_from = hold.suspended_until = None
        hold.save(update_fields=["suspended_from", "suspended_until"])
        return True

    return _change(actor, hold_id, "hold-resume", act)


def change_pickup(actor: audit.Actor, hold_id: int, pickup: Library | ServicePoint) -> bool:
    """Another pickup library. A copy that is on its way is sent on when it arrives; one on the shelf stays there."""

    def act(hold: Hold) -> bool:
        if hold.state in SHELVED or pickup == hold.pickup or not _offered(hold, pickup):
            return False
        point = pickup if isinstance(pickup, ServicePoint) else None
        hold.pickup_point, hold.pickup_library = point, point.library if point else pickup
        hold.save(update_fields=["pickup_point", "pickup_library"])
        return True

    return _change(actor, hold_id, "hold-pickup", act)


def _offered(hold: Hold, pickup: Library | ServicePoint) -> bool:
    category = hold.patron.category_id
    rules = (placing.rule_for(category, hold.material_class_id), placing.rule_for(category, None))
    return all(rule is None or rule.pickup_keys is None or pickup.key in rule.pickup_keys for rule in rules)


def change_contact(actor: audit.Actor, hold_id: int, contact: str) -> bool:
    """Another way of being told of this hold, empty: as of everything else; until its copy is on the shelf."""

    def act(hold: Hold) -> bool:
        if hold.state in SHELVED or contact == hold.contact or (contact and contact not in ways(hold.patron)):
            return False
        hold.contact = contact
        hold.save(update_fields=["contact"])
        return True

    return _change(actor, hold_id, "hold-contact", act)


def extend(actor: audit.Actor, hold_id: int) -> bool:
    """Lengthen the pickup limit, once."""

    def act(hold: Hold) -> bool:
        if hold.pickup_by is None or hold.extended:
            return False
        hold.pickup_by = shelf.limit(hold.pickup_library, hold.pickup_by, policy().extension_days)
        hold.extended = True
        hold.save(update_fields=["pickup_by", "extended"])
        return True

    return _change(actor, hold_id, "hold-extend", act)


def move(actor: audit.Actor, hold_id: int, new_rank: int, reason: str) -> bool:
    """Change the order of a queue for a reason; the former rank stays readable. Levels 1 and 2 (the page asks).

    `new_rank` counts all waiting holds from 1; a number beyond the end is the end.
    """

    def act(hold: Hold) -> bool:
        if hold.state != State.QUEUED or not reason.strip() or new_rank < 1:
            return False
        old_rank = queue.place(hold)
        others = queue.waiting(Target.of(hold)).exclude(pk=hold.pk)
        after = others[new_rank - 1 : new_rank].first()
        if after is not None:
            hold.priority, hold.order_at = after.priority, after.order_at - TICK
        else:
            last = others.last()
            if last is None:
                return False
            hold.priority, hold.order_at = last.priority, last.order_at + TICK
        hold.save(update_fields=["priority", "order_at"])
        HoldMove.objects.create(
            hold=hold, old_rank=old_rank, new_rank=queue.place(hold), reason=reason.strip()[:100],
            moved_by=actor.login_id, moved_on=timezone.localdate(),
        )  # fmt: skip
        return True

    return _change(actor, hold_id, "hold-move", act)
