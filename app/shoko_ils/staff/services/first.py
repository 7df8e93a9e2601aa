"""What takes two persons of level 1 where they are missing: the first accounts of a site, a factor that was lost."""

from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.core.models import Library
from shoko_ils.staff import jobs, policy
from shoko_ils.staff.models import Level, RecoveryCode, StaffAccount, StaffTotp
from shoko_ils.staff.services import factors

# a change of rights takes two
NEEDED = 2


class Refused(Exception):
    """Nothing was made; the text says why, for who sits at the host."""


@dataclass(frozen=True)
class Person:
    """Who gets one of the accounts; class of job and post must be of level 1."""

    login_id: str
    name: str
    section: str
    job_class: str
    post: str


@transaction.atomic
def make(persons: list[Person], library: Library) -> dict[str, str]:
    """Make the two accounts; ID → initial password, which is kept nowhere else.

    Raises Refused: not two persons, an account of level 1 is active, the site asks for no second factor, a job that is
    not of level 1, an ID that is or was in use.
    """
    with connection.cursor() as cursor:
        # two runs at once would make four
        cursor.execute("LOCK TABLE staff_account IN SHARE ROW EXCLUSIVE MODE")
    _check(persons, library)
    today = timezone.localdate()
    passwords = {}
    for each in persons:
        account = StaffAccount.objects.create(
            login_id=each.login_id,
            name=each.name,
            section=each.section,
            job_class=each.job_class,
            post=each.post,
            level=Level.MANAGER,
            library=library,
            registered_on=today,
            password="!",  # noqa: S106  # none, until the next line
        )
        passwords[each.login_id] = factors.give_initial_password(account)
    for each in persons:
        audit.write(audit.Actor(each.login_id, library.key), "first-account", "command")
    return passwords


@transaction.atomic
def reset_factor(login_id: str) -> str:
    """Take second factor, recovery codes and password of an account away; its initial password.

    Raises Refused: no such account in force, or two other persons of level 1 are there to ask and confirm it.
    """
    account = StaffAccount.objects.in_force().filter(login_id=login_id).first()
    if account is None:
        raise Refused(f"{login_id}: no account in force has this ID")
    if _managers().exclude(pk=account.pk).count() >= NEEDED:
        raise Refused("two other persons of level 1 are active: they ask and confirm it on the screen of the account")
    StaffTotp.objects.filter(account=account).delete()
    RecoveryCode.objects.filter(account=account).delete()
    password = factors.give_initial_password(account)
    audit.write(audit.Actor(account.login_id, account.library.key), "reset-factor-at-host", "command")
    return password


def _managers() -> QuerySet[StaffAccount]:
    return StaffAccount.objects.in_force().filter(level=Level.MANAGER)


def _check(persons: list[Person], library: Library) -> None:
    if len(persons) != NEEDED or len({each.login_id for each in persons}) != NEEDED:
        raise Refused("two persons are needed, each with an ID of the own: a change of rights is asked and confirmed")
    if _managers().exists():
        raise Refused("an account of level 1 is active: further accounts are asked for on the screen of staff accounts")
    if not policy.second_factor_required():
        raise Refused("site file: authority.second_factor must be true before the first accounts are made")
    for each in persons:
        if jobs.level_of(each.job_class, each.post, library) != Level.MANAGER:
            raise Refused(f"{each.login_id}: {each.job_class} {each.post} is not of level 1 at {library.key}")
        if StaffAccount.objects.filter(login_id=each.login_id).exists():
            raise Refused(f"{each.login_id}: this ID is in use or was used before")
