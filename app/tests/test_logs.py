"""What the application itself writes when something goes wrong: where, and of which kind, with nobody's data."""

import datetime as dt
import logging
import subprocess
import sys
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from shoko_ils.circulation.models import Loan
from shoko_ils.core import logs
from shoko_ils.patrons.models import Patron
from shoko_ils.patrons.views import finding
from shoko_ils.settings import base
from tests.conftest import APP


def lines(caplog: pytest.LogCaptureFixture) -> str:
    """The records of a test as a site's journal gets them."""
    form = base.LOGGING["formatters"]["line"]
    assert form["class"] == f"{logs.Line.__module__}.{logs.Line.__qualname__}"
    return "\n".join(logs.Line(form["format"]).format(record) for record in caplog.records)


def test_a_page_that_fails_names_no_person(
    staff: Client, patron: Patron, lent: Loan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    day = lent.lent_on - dt.timedelta(days=4321)

    def fail(*seen: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE loan SET due_on = %s WHERE id = %s", [day, lent.pk])

    monkeypatch.setattr(finding, "seen", fail)
    staff.raise_request_exception = False
    assert staff.get(f"/patrons/{patron.pseudonym}/").status_code == 500
    said = lines(caplog)
    assert "ERROR django.request: Internal Server Error: /patrons/<uuid:pseudonym>/" in said
    assert "django.db.utils.IntegrityError" in said
    assert "psycopg.errors.CheckViolation 23514 loan_due_not_before_lent" in said
    assert "in patron_page" in said, "the place in the code"
    marks = (str(patron.pseudonym), patron.name, str(day), "Failing row", "DETAIL")
    assert [mark for mark in marks if mark in said] == []


def test_a_form_that_is_refused_for_its_token_names_no_person(
    staff: Client, patron: Patron, caplog: pytest.LogCaptureFixture
) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = staff.cookies
    caplog.set_level(logging.INFO)
    assert strict.post(f"/patrons/{patron.pseudonym}/renew/").status_code == 403
    said = lines(caplog)
    assert "Forbidden" in said
    assert str(patron.pseudonym) not in said


def test_a_command_that_fails_names_no_person() -> None:
    program = (
        "import sys; from shoko_ils.core import logs; sys.excepthook = logs.hook\n"
        "try:\n    int(sys.argv[1])\nexcept ValueError as error:\n    raise KeyError(sys.argv[1]) from error\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "見本 花子"], cwd=APP, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "builtins.KeyError" in done.stderr
    assert "builtins.ValueError" in done.stderr
    assert "見本" not in done.stderr
