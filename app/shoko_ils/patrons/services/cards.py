"""Cards: handing out, reissue, further cards of a group. A number is given once and never again."""

import datetime as dt

from django.db.models import Max
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.holdings.barcode import is_card
from shoko_ils.patrons.models import Card, Patron, SpentCardNumber
from shoko_ils.patrons.services.write import Refused, locked, transact


def hand_out(patron: Patron, number: str, today: dt.date, slot: int = 1) -> Card:
    """A card with a number that nobody ever had; part of the caller's transaction."""
    if not is_card(number):
        raise Refused("card-unreadable")
    if Card.objects.filter(number=number).exists() or SpentCardNumber.objects.filter(number=number).exists():
        raise Refused("card-taken")
    return Card.objects.create(number=number, patron=patron, patron_kind=patron.kind, slot=slot, issued_on=today)


def reissue(actor: audit.Actor, patron_id: int, old: str, number: str, reason: str) -> Card:
    """End the valid card `old` for a coded reason and hand out `number` in its place.

    From then on the old number is answered with 「旧カードです」. Raises Refused: "card-unreadable", "card-taken",
    "card-not-valid" (not this patron's, or ended already).
    """

    def operation() -> Card:
        patron = locked(patron_id)
        given = Card.objects.filter(number=number, patron=patron, ended_on__isnull=True).first()
        former = Card.objects.filter(number=old, patron=patron).first()
        if given and former and former.ended_on is not None and former.slot == given.slot:
            return given
        if former is None or former.ended_on is not None:
            raise Refused("card-not-valid")
        today = timezone.localdate()
        Card.objects.filter(pk=former.pk).update(ended_on=today, ended_reason=reason)
        card = hand_out(patron, number, today, former.slot)
        audit.write(actor, "reissue-card", "patron-card", [patron.pseudonym])
        return card

    return transact(operation)


def add(actor: audit.Actor, patron_id: int, number: str) -> Card:
    """One more card of a group; for a person without a valid card, his card. Raises Refused as `reissue` does."""

    def operation() -> Card:
        patron = locked(patron_id)
        given = Card.objects.filter(number=number, patron=patron, ended_on__isnull=True).first()
        if given:
            return given
        valid = patron.cards.filter(ended_on__isnull=True)
        if patron.kind == Patron.Kind.PERSON and valid.exists():
            raise Refused("card-one-only")
        slot = 1 if patron.kind == Patron.Kind.PERSON else (patron.cards.aggregate(last=Max("slot"))["last"] or 0) + 1
        card = hand_out(patron, number, timezone.localdate(), slot)
        audit.write(actor, "add-card", "patron-card", [patron.pseudonym])
        return card

    return transact(operation)


def end(actor: audit.Actor, patron_id: int, number: str, reason: str) -> None:
    """End a card without a new one: lost and not asked for again, or handed in."""

    def operation() -> None:
        patron = locked(patron_id)
        ended = patron.cards.filter(number=number, ended_on__isnull=True).update(
            ended_on=timezone.localdate(), ended_reason=reason
        )
        if ended:
            audit.write(actor, "end-card", "patron-card", [patron.pseudonym])

    transact(operation)
