"""What a timer runs each night: drops what has served its time, and what is no longer to be known of persons.

Each step stands alone: one that fails is named in a line of its own, the others are done, and the command fails at the
end, so that the timer's service does.
"""

import datetime as dt
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from shoko_ils.circulation import facts, undo
from shoko_ils.circulation.models import ScanReceipt
from shoko_ils.circulation.services import case_file, closing_mail, paper
from shoko_ils.holds import housekeeping as holds
from shoko_ils.holds.models import HoldDay
from shoko_ils.mylibrary import housekeeping
from shoko_ils.notices import housekeeping as notices
from shoko_ils.patrons.services.erasure import erase_guardians

# how long a settled paper slip may be compared with the paper
ITEMS_ON_PAPER = dt.timedelta(days=31)


def steps(today: dt.date) -> dict[str, Callable[[], object]]:
    """What is done, by its name; a number that comes back is how many rows went."""
    return {
        "sessions": lambda: Session.objects.filter(expire_date__lt=timezone.now()).delete()[0],
        "scan receipts": lambda: ScanReceipt.objects.filter(made_on__lt=today).delete()[0],
        "holds of a day": lambda: HoldDay.objects.filter(day__lt=today).delete()[0],
        "closing mail": partial(closing_mail.forget, today),
        "items on paper slips": partial(paper.forget_items, today - ITEMS_ON_PAPER),
        # a terminal that is switched off never scans again
        "undo": partial(undo.forget, uuid.UUID(int=0)),
        "ended loans": facts.forget_ended,
        "files of erased photos": case_file.write_anew,
        "ended holds and transits": partial(holds.forget_ended, today),
        "notices not delivered": partial(notices.forget_failed, today),
        "guardians": partial(erase_guardians, today),
        "removed staff": _forget_staff,
        "My Library": housekeeping.tidy,
        # records whose authority record changed for more of them than a form may wait for
        "catalogue": partial(call_command, "rebuild_catalogue"),
    }


def _forget_staff() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT staff_forget()")
        return int(cursor.fetchone()[0])


class Command(BaseCommand):
    help = "Remove what has served its time, step by step. Repeatable. Run as ils_owner."

    def handle(self, *args: Any, **options: Any) -> None:
        failed, todo = [], steps(timezone.localdate())
        for name, step in todo.items():
            try:
                done = step()
            except Exception as error:  # whatever it is, the next step has nothing to do with it
                failed.append(name)
                # one line: what the database adds about a row (DETAIL) may name a person
                self.stderr.write(f"{name}: failed: {type(error).__name__}: {str(error).partition(chr(10))[0]}")
                # of a broken connection the next step gets a new one
                if not connection.in_atomic_block:
                    connection.close_if_unusable_or_obsolete()
            else:
                self.stdout.write(f"{name}: {done if isinstance(done, int) else 'done'}")
        if failed:
            raise CommandError(f"{len(failed)} of {len(todo)} steps failed: {', '.join(failed)}")
