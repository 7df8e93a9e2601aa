"""Log-in of staff: by ID and password, slowed after failures, ended by the removal of the account."""

import datetime as dt
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from shoko_ils.staff.models import StaffAccount

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
        if account.removed_on is not None or self._paused(account):
            return None
        if not right:
            self._count_failure(account)
            return None
        if account.failed_logins:
            StaffAccount.objects.filter(pk=account.pk).update(failed_logins=0, refused_until=None)
        return account

    def get_user(self, user_id: Any) -> StaffAccount | None:
        """The person of a session; asked on every request, so a removed account is out at once."""
        return StaffAccount.objects.filter(pk=user_id, removed_on__isnull=True).first()

    @staticmethod
    def _paused(account: StaffAccount) -> bool:
        return account.refused_until is not None and account.refused_until > timezone.now()

    @staticmethod
    def _count_failure(account: StaffAccount) -> None:
        rows = StaffAccount.objects.filter(pk=account.pk)
        rows.update(failed_logins=F("failed_logins") + 1)
        rows.filter(failed_logins__gte=FREE_FAILURES).update(failed_logins=0, refused_until=timezone.now() + PAUSE)
