"""Changes of rights: one person of level 1 asks, another confirms. The database's function does the rest."""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.core.models import Library
from shoko_ils.staff import jobs
from shoko_ils.staff.access import DUTIES
from shoko_ils.staff.models import AuthorityRequest, Level, StaffAccount
from shoko_ils.staff.services import factors

Kind = AuthorityRequest.Kind


class Refused(Exception):
    """The request is not taken or not confirmed; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Post:
    """Who a person is in the organisation; the level follows from it (per site, see `jobs`)."""

    name: str
    section: str
    job_class: str
    post: str
    library: Library


def ask(
    actor: audit.Actor,
    requester: StaffAccount,
    kind: str,
    reason: str,
    from_on: dt.date,
    *,
    key: uuid.UUID,
    account: StaffAccount | None = None,
    login_id: str = "",
    post: Post | None = None,
    duty: str = "",
    until_on: dt.date | None = None,
) -> AuthorityRequest:
    """Enter a request; nothing changes by it. The same `key` again gives the same request.

    Raises Refused: "own-rights", "id-taken", "no-level" (no rule of the site for this job), "duty", "not-level-4",
    "days".
    """
    done = AuthorityRequest.objects.filter(key=key).first()
    if done:
        return done
    if account is not None and account.pk == requester.pk:
        raise Refused("own-rights")
    if kind == Kind.REGISTER and (not login_id or StaffAccount.objects.filter(login_id=login_id).exists()):
        raise Refused("id-taken")
    if until_on is not None and until_on < from_on:
        raise Refused("days")
    level = jobs.level_of(post.job_class, post.post, post.library) if post else None
    if kind in (Kind.REGISTER, Kind.CHANGE) and level is None:
        raise Refused("no-level")
    if kind in (Kind.GRANT, Kind.REVOKE):
        if duty not in DUTIES:
            raise Refused("duty")
        if kind == Kind.GRANT and account is not None and account.level != Level.ASSISTANT:
            raise Refused("not-level-4")
    with transaction.atomic():
        made = AuthorityRequest.objects.create(
            key=key,
            kind=kind,
            reason=reason,
            account=account,
            login_id=account.login_id if account else login_id,
            name=post.name if post else "",
            section=post.section if post else "",
            job_class=post.job_class if post else "",
            post=post.post if post else "",
            level=level,
            library=post.library if post else None,
            duty=duty,
            from_on=from_on,
            until_on=until_on,
            requested_by=requester,
            requested_at=timezone.now(),
        )
        audit.write(actor, f"ask-authority-{kind}", "authority")
    return made


def confirm(actor: audit.Actor, confirmer: StaffAccount, request_id: int) -> str:
    """Confirm a request of another person, which takes effect at once.

    Gives the initial password of a new account, or of one whose second factor was lost: with that factor the old
    password goes, and the sessions of the account with it. Empty for every other request, and for a repeated one.
    Raises Refused: "second-person" (asked by oneself, about oneself, or not two persons of level 1), "closed",
    "id-taken".
    """
    try:
        with transaction.atomic():
            waits = (
                AuthorityRequest.objects.select_for_update().filter(pk=request_id, confirmed_by__isnull=True).first()
            )
            with connection.cursor() as cursor:
                cursor.execute("SELECT authority_confirm(%s, %s)", [request_id, confirmer.pk])
            if waits is None:
                return ""
            password = ""
            if waits.kind in (Kind.REGISTER, Kind.FACTOR):
                password = factors.give_initial_password(StaffAccount.objects.get(login_id=waits.login_id))
            audit.write(actor, f"confirm-authority-{waits.kind}", "authority")
            return password
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
        raise Refused("second-person" if name.startswith("authority_request") else "id-taken") from error
    except DatabaseError as error:
        state = getattr(error.__cause__, "sqlstate", "")
        if state == "42501":
            raise Refused("second-person") from error
        if state == "P0002":
            raise Refused("closed") from error
        raise


def refuse(actor: audit.Actor, person: StaffAccount, request_id: int) -> None:
    """Refuse a request, or take the own one back. Raises Refused("closed")."""
    with transaction.atomic():
        open_ones = AuthorityRequest.objects.filter(pk=request_id, confirmed_by__isnull=True, refused_by__isnull=True)
        if not open_ones.update(refused_by=person):
            raise Refused("closed")
        audit.write(actor, "refuse-authority", "authority")
