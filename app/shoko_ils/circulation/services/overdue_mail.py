"""Overdue notices in writing, through the outbox: one for a patron and a stage, about a contact and never an item."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation.models import OverdueContact, OverdueStage
from shoko_ils.circulation.models.overdue import Means
from shoko_ils.core.models import Library
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Patron

OVERDUE = "overdue"
WAYS = {Means.EMAIL: Notice.Way.MAIL, Means.POSTCARD: Notice.Way.POSTCARD}
MEANS = {Notice.Way.MAIL: Means.EMAIL, Notice.Way.POSTCARD: Means.POSTCARD, Notice.Way.PHONE: Means.PHONE}
Result = OverdueContact.Result


@transaction.atomic
def put(actor: audit.Actor, patron: Patron, library: Library, stage: OverdueStage) -> bool:
    """Put the notice of a stage into the outbox; False if the stage had its contact meanwhile."""
    Patron.objects.select_for_update(no_key=True).get(pk=patron.pk)
    if OverdueContact.objects.filter(patron=patron, stage__gte=stage.number).exists():
        return False
    contact = OverdueContact.objects.create(
        patron=patron,
        stage=stage.number,
        means=stage.means,
        result=Result.TO_SEND,
        contacted_on=timezone.localdate(),
        contacted_by=actor.login_id,
    )
    notices.put(OVERDUE, contact.pk, patron, library, once=str(contact.pk), way=WAYS[Means(stage.means)])
    audit.write(actor, "overdue-notice", "overdue", [patron.pseudonym])
    return True


def told(number: int, day: dt.date) -> None:
    """It has gone, or the patron was reached by another way. Called by the outbox."""
    way = Notice.objects.values_list("way", flat=True).get(kind=OVERDUE, about=number)
    OverdueContact.objects.filter(pk=number).update(result=Result.SENT, means=MEANS[Notice.Way(way)], contacted_on=day)


def withdraw(patron_id: int) -> None:
    """What waits to be sent to a patron does not go."""
    for number in OverdueContact.objects.filter(patron=patron_id, result=Result.TO_SEND).values_list("pk", flat=True):
        notices.settle(OVERDUE, number)
        OverdueContact.objects.filter(pk=number).delete()


def forget(patron_id: int) -> None:
    """Nothing is past due any more: contacts go, and the notices about them are nobody's."""
    for number in OverdueContact.objects.filter(patron=patron_id).values_list("pk", flat=True):
        notices.settle(OVERDUE, number)
    OverdueContact.objects.filter(patron=patron_id).delete()
