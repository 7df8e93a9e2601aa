"""The nightly housekeeping: its steps do not depend on each other."""

import datetime as dt
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone

from shoko_ils.circulation import facts
from shoko_ils.core.models import Library
from shoko_ils.mylibrary.models import ProvisionalRegistration


def test_a_step_that_fails_stops_no_other_and_fails_the_command(
    central: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now() - dt.timedelta(days=1))
    ProvisionalRegistration.objects.create(
        receipt="ABCD2345", name="見本 花子", contact="none", library=central,
        applied_on="2026-01-01", erase_after="2026-01-31",
    )  # fmt: skip

    def broken() -> int:
        raise DatabaseError("relation is gone\nDETAIL: 見本 花子")

    monkeypatch.setattr(facts, "forget_ended", broken)
    told, errors = StringIO(), StringIO()
    with pytest.raises(CommandError, match=r"^1 of \d+ steps failed: ended loans$"):
        call_command("tidy", stdout=told, stderr=errors)
    assert errors.getvalue().splitlines() == ["ended loans: failed: DatabaseError: relation is gone"]
    assert "花子" not in errors.getvalue(), "what the database says of a row stays out of the journal"
    assert "sessions: 1" in told.getvalue().splitlines(), "before it"
    assert not ProvisionalRegistration.objects.exists(), "and after it"
