"""The register of disclosure, correction and cease of use, with its deadlines."""

import datetime as dt
import uuid

from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.core.models import Library
from shoko_ils.patrons import declared
from shoko_ils.patrons.models import SubjectRequest
from shoko_ils.patrons.services.write import Refused, locked, transact


def receive(
    actor: audit.Actor, patron_id: int, kind: str, identity: str, *, library: Library, key: uuid.UUID
) -> SubjectRequest:
    """Enter a request; it is due after the site's days, counted from the day after its receipt."""

    def operation() -> SubjectRequest:
        done = SubjectRequest.objects.filter(key=key).first()
        if done:
            return done
        patron, today = locked(patron_id), timezone.localdate()
        made = SubjectRequest.objects.create(
            key=key,
            kind=kind,
            patron=patron,
            library=library,
            identity=identity,
            received_on=today,
            received_by=actor.login_id,
            due_on=today + dt.timedelta(days=declared.site().disclosure_days),
        )
        audit.write(actor, f"receive-{kind}", "subject-requests", [patron.pseudonym])
        return made

    return transact(operation)


def _open(request_id: int) -> SubjectRequest:
    found = SubjectRequest.objects.select_for_update().filter(pk=request_id).first()
    if found is None or found.decision:
        raise Refused("request-closed")
    return found


def _subjects(request: SubjectRequest) -> list[uuid.UUID]:
    return [request.patron.pseudonym] if request.patron else []


def extend(actor: audit.Actor, request_id: int, reason: str) -> None:
    """Prolong once, for a coded reason. Raises Refused: "request-closed", "extended-before"."""

    def operation() -> None:
        request = _open(request_id)
        if request.extension == reason:
            return
        if request.extension:
            raise Refused("extended-before")
        request.extension = reason
        request.due_on += dt.timedelta(days=declared.site().extension_days)
        request.save(update_fields=["extension", "due_on"])
        audit.write(actor, "extend-request", "subject-requests", _subjects(request))

    transact(operation)


def decide(actor: audit.Actor, request_id: int, decision: str) -> None:
    """Close a request with a decision; the same decision again changes nothing."""

    def operation() -> None:
        if SubjectRequest.objects.filter(pk=request_id, decision=decision).exists():
            return
        request = _open(request_id)
        request.decision, request.decided_by = decision, actor.login_id
        request.decided_on = timezone.localdate()
        request.save(update_fields=["decision", "decided_by", "decided_on"])
        audit.write(actor, "decide-request", "subject-requests", _subjects(request))

    transact(operation)
