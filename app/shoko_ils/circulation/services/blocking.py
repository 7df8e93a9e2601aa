"""Lending blocks (貸出停止) set and lifted by a person of level 1 or 2."""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation.models import LendingBlock
from shoko_ils.patrons.models import Patron
from shoko_ils.staff.access import OFFICERS
from shoko_ils.staff.models import StaffAccount


@transaction.atomic
def block(
    actor: audit.Actor, officer: StaffAccount, patron: Patron, reason: LendingBlock.Reason, until: dt.date | None = None
) -> LendingBlock:
    """Stop lending to a patron until a day, or until it is lifted. Raises PermissionDenied."""
    if officer.level not in OFFICERS:
        raise PermissionDenied("only levels 1 and 2 block")
    made = LendingBlock.objects.create(
        patron=patron, reason=reason, began_on=timezone.localdate(), made_by=officer.login_id, until=until
    )
    audit.write(actor, f"block-{reason}", "patron", [patron.pseudonym])
    return made


@transaction.atomic
def lift(actor: audit.Actor, officer: StaffAccount, patron: Patron) -> int:
    """Lift all blocks of a patron; how many. Raises PermissionDenied."""
    if officer.level not in OFFICERS:
        raise PermissionDenied("only levels 1 and 2 lift a block")
    blocks = LendingBlock.objects.filter(patron=patron, lifted_on__isnull=True)
    lifted = blocks.update(lifted_on=timezone.localdate(), lifted_by=officer.login_id)
    audit.write(actor, "lift-block", "patron", [patron.pseudonym])
    return lifted
