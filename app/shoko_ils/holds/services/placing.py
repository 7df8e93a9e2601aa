"""Placing a hold on a title of all libraries (S4:L35), at the counter and by web (S4:L61)."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.catalog.models import Record
from shoko_ils.circulation.models import Loan
from shoko_ils.core import db
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Item, MaterialClass
from shoko_ils.holds import queue
from shoko_ils.holds.models import Hold, HoldDay, HoldRule
from shoko_ils.holds.target import Target
from shoko_ils.patrons.models import Patron
from shoko_ils.patrons.services.contact import ways


class Placing(StrEnum):
    """What became of a wish. The part before the dash is the kind, as of a scan."""

    PLACED = "done-placed"
    ALREADY_HELD = "note-already-held"
    ALREADY_LENT = "stop-already-lent"
    PATRON_EXPIRED = "stop-patron-expired"
    NO_RIGHT = "stop-no-right-to-hold"
    LIMIT_REACHED = "stop-hold-limit"
    DAY_LIMIT_REACHED = "stop-hold-day-limit"
    PICKUP_NOT_OFFERED = "stop-pickup-not-offered"
    NO_COPY = "stop-no-copy"
    # a magazine is held by issue
    SERIAL = "stop-serial"
    GROUP_OF_ONE = "stop-group-of-one"
    # a way of being told for which nothing is on file
    CONTACT_NOT_ON_FILE = "stop-contact-not-on-file"


@dataclass(frozen=True)
class Wish:
    """What a patron asks for: one title or issue, or several as a group in the order in which they are wanted."""

    targets: tuple[Target, ...]
    pickup: Library | ServicePoint
    group_kind: Hold.Group = Hold.Group.NONE
    not_needed_after: dt.date | None = None
    # how to be told of these holds; empty: as of everything else
    contact: str = ""


@dataclass(frozen=True)
class Placed:
    """`holds` is empty unless all were placed; `target` is what stands in the way."""

    outcome: Placing
    holds: tuple[Hold, ...] = ()
    target: Target | None = None


def place(
    actor: audit.Actor,
    patron_id: int,
    wish: Wish,
    key: uuid.UUID,
    *,
    beside: Callable[[Placed], None] | None = None,
) -> Placed:
    """Place the holds of a wish, all or none. The same key gives the same holds.

    Locks the patron: the limits are counted under it. The audit says that a hold was placed, not whose or on what.
    `beside` is what the caller writes in the same transaction, unless the key is known.
    """
    keys = {target: uuid.uuid5(key, str(target)) for target in dict.fromkeys(wish.targets)}

    def operation() -> Placed:
        patron = Patron.objects.select_for_update(no_key=True).get(pk=patron_id)
        # under the lock: who waited for another with the same key finds what that one made
        made = tuple(Hold.objects.filter(key__in=keys.values()).order_by("pk"))
        if made:
            return Placed(Placing.PLACED, made)
        placed = _place(patron, wish, keys)
        if placed.outcome is Placing.PLACED:
            audit.write(actor, "hold-place", "holds")
        if beside:
            beside(placed)
        return placed

    return db.run(operation, confirm=lambda: Hold.objects.filter(key__in=keys.values()).update(captures=F("captures")))


def _place(patron: Patron, wish: Wish, keys: dict[Target, uuid.UUID]) -> Placed:
    # the time is taken under the locks of the queues: nobody with an earlier one comes into them later
    for record in sorted({target.record for target in keys}):
        queue.lock(record)
    now = timezone.now()
    today = timezone.localdate(now)
    if whole := _against_all(patron, wish, len(keys), today):
        return Placed(whole)
    group = uuid.uuid4() if wish.group_kind else None
    new: list[Hold] = []
    for position, (target, key) in enumerate(keys.items()):
        if not target.issue and Record.objects.filter(pk=target.record, material="serial").exists():
            return Placed(Placing.SERIAL, target=target)
        material_class = class_of(target)
        if material_class is None:
            return Placed(Placing.NO_COPY, target=target)
        stop, priority = _stop(_Asked(patron, target, material_class, wish.pickup, tuple(new)), today)
        if stop is not None:
            return Placed(stop, target=target)
        new.append(
            Hold(
                record_id=target.record, issue=target.issue, material_class=material_class,
                patron=patron, key=key, priority=priority,
                pickup_library=wish.pickup.library if isinstance(wish.pickup, ServicePoint) else wish.pickup,
                pickup_point=wish.pickup if isinstance(wish.pickup, ServicePoint) else None,
                requested_at=now, order_at=now, not_needed_after=wish.not_needed_after, contact=wish.contact,
                group=group, group_kind=wish.group_kind, group_position=position + 1 if group else None,
            )
        )  # fmt: skip
    for hold in new:
        counted, first = HoldDay.objects.get_or_create(
            patron=patron, day=today, material_class=hold.material_class, defaults={"placed": 1}
        )
        if not first:
            HoldDay.objects.filter(pk=counted.pk).update(placed=F("placed") + 1)
    return Placed(Placing.PLACED, tuple(Hold.objects.bulk_create(new)))


def _against_all(patron: Patron, wish: Wish, count: int, today: dt.date) -> Placing | None:
    """What stands against the wish whatever its titles are."""
    if patron.expires_on < today:
        return Placing.PATRON_EXPIRED
    if wish.group_kind and count < 2:
        return Placing.GROUP_OF_ONE
    if wish.contact and wish.contact not in ways(patron):
        return Placing.CONTACT_NOT_ON_FILE
    return None


def class_of(target: Target) -> MaterialClass | None:
    """Material class of the first copy of a title or issue that could ever be lent; None: it has no such copy."""
    lendable = Item.objects.filter(
        record=target.record,
        issue=target.issue,
        library_use_only=False,
        condition__in=[Item.Condition.NORMAL, Item.Condition.PROCESSING, Item.Condition.DAMAGED],
    )
    first = lendable.select_related("material_class").order_by("material_class__position", "pk").first()
    return first.material_class if first else None


def rule_for(category_id: int, material_class_id: int | None) -> HoldRule | None:
    """The most specific hold rule in force; `material_class_id` None asks for the one over all classes."""
    rules = HoldRule.objects.filter(Q(category=category_id) | Q(category__isnull=True), ended_on__isnull=True)
    fitting = Q(material_class__isnull=True)
    if material_class_id is not None:
        fitting |= Q(material_class=material_class_id)
    return (
        rules.filter(fitting)
        .order_by(F("category").asc(nulls_last=True), F("material_class").asc(nulls_last=True))
        .first()
    )


@dataclass(frozen=True)
class _Asked:
    """One title or issue of a wish, with the holds that are counted against the limits."""

    patron: Patron
    target: Target
    material_class: MaterialClass
    pickup: Library | ServicePoint
    # of the same wish, not yet written
    beside: tuple[Hold, ...]


def _stop(asked: _Asked, today: dt.date) -> tuple[Placing | None, int]:
    """The first reason against this hold, and the priority that its rule gives."""
    active = Hold.objects.filter(patron=asked.patron)
    record, issue = asked.target.record, asked.target.issue
    if active.filter(record=record, issue=issue).exists():
        return Placing.ALREADY_HELD, 0
    of_it = Loan.objects.filter(item__record=record, item__issue=issue, returned_on__isnull=True)
    if of_it.filter(patron=asked.patron).exists():
        return Placing.ALREADY_LENT, 0
    of_class = rule_for(asked.patron.category_id, asked.material_class.pk)
    of_all = rule_for(asked.patron.category_id, None)
    if of_class is None:
        return Placing.NO_RIGHT, 0
    stops = (_against(rule, asked, active, today) for rule in {of_class, of_all} if rule is not None)
    return next((stop for stop in stops if stop is not None), None), of_class.priority


def _against(rule: HoldRule, asked: _Asked, active: QuerySet[Hold], today: dt.date) -> Placing | None:
    """What one rule says; a rule of a class counts the holds of this class alone."""
    beside = asked.beside
    placed = HoldDay.objects.filter(patron=asked.patron, day=today)
    if rule.material_class_id is not None:
        active = active.filter(material_class=rule.material_class_id)
        placed = placed.filter(material_class=rule.material_class_id)
        beside = tuple(hold for hold in beside if hold.material_class_id == rule.material_class_id)
    made_today = (placed.aggregate(n=Sum("placed"))["n"] or 0) + len(beside)
    if rule.max_holds == 0:
        return Placing.NO_RIGHT
    if rule.max_holds is not None and active.count() + len(beside) >= rule.max_holds:
        return Placing.LIMIT_REACHED
    if rule.max_per_day is not None and made_today >= rule.max_per_day:
        return Placing.DAY_LIMIT_REACHED
    if rule.pickup_keys is not None and asked.pickup.key not in rule.pickup_keys:
        return Placing.PICKUP_NOT_OFFERED
    return None
