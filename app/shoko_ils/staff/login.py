"""Log-in of staff: by ID and password, slowed after failures, ended by the removal of the account."""

import datetime as dt
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from shoko_ils.core.rows import Columns
from shoko_ils.staff.models import StaffAccount, StaffTotp

ACCOUNT = Columns(StaffAccount)
FREE_FAILURES = 5
PAUSE = dt.timedelta(minutes=15)


class StaffBackend:
    """Authentication backend of Django for StaffAccount."""

    def authenticate(
        self, request: HttpRequest | None, login_id: str | None = None, password: str | None = None
    ) -> StaffAccount | None:
        """The account, or None: unknown, removed, paused and wrong look and last the same."""
        if not login_id or password is None:
            return None
        account = StaffAccount.objects.filter(login_id=login_id).first()
        if account is None:
            make_password(password)  # as slow as a check
            return None
        right = account.check_password(password)
        if not account.is_active or paused(account):
            return None
        if not right:
            count_failure(account)
            return None
        # with a second factor, failures are only forgiven after its code
        if not StaffTotp.objects.filter(account=account, confirmed_on__isnull=False).exists():
            forgive(account)
        return account

    def get_user(self, user_id: Any) -> StaffAccount | None:
        """The person of a session; asked on every request, so a removed account is out at once."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {ACCOUNT.sql('a')},"  # noqa: S608
                " EXISTS (SELECT FROM staff_totp t WHERE t.account_id = a.id AND t.confirmed_on IS NOT NULL)"
                " FROM staff_account a WHERE id = %s",
                [user_id],
            )
            row = cursor.fetchone()
        if row is None:
            return None
        account = ACCOUNT.read(row[:-1])
        account.has_factor = row[-1]  # type: ignore[attr-defined]  # asked with it, because every page asks
        return account if account.is_active else None


def known(login_id: str) -> str:
    """An ID for the audit: "-" if no account has it. What was typed instead may be a password, and the audit stays."""
    return login_id if StaffAccount.objects.filter(login_id=login_id).exists() else "-"


def paused(account: StaffAccount) -> bool:
    """Whether the account waits after too many failures."""
    return account.refused_until is not None and account.refused_until > timezone.now()


def forgive(account: StaffAccount) -> None:
    """Forget the failures: the person has shown all that is asked."""
    if account.failed_logins:
        StaffAccount.objects.filter(pk=account.pk).update(failed_logins=0, refused_until=None)


def count_failure(account: StaffAccount) -> None:
    """Count a wrong password or code; at the fifth the account waits."""
    rows = StaffAccount.objects.filter(pk=account.pk)
    rows.update(failed_logins=F("failed_logins") + 1)
    rows.filter(failed_logins__gte=FREE_FAILURES).update(failed_logins=0, refused_until=timezone.now() + PAUSE)
