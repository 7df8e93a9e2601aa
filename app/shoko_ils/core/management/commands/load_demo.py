"""Loads the demonstration library and begins its day, once; a second run changes nothing."""

import os
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from shoko_ils.catalog.models import Record
from shoko_ils.core.models import Library
from shoko_ils.demo import catalogue, day, load
from shoko_ils.staff.models import Level, StaffAccount

DEMO_LOGIN = "demo"
# two of level 1: a change of rights needs the second
STAFF = (
    (DEMO_LOGIN, "見本 司書", "中央図書館 奉仕係", Level.OFFICER, "library-service-staff"),
    ("demo1a", "例田 館長", "中央図書館", Level.MANAGER, "ward-staff"),
    ("demo1b", "仮野 システム", "情報政策課", Level.MANAGER, "ward-staff"),
    ("demo3", "練習 実習", "中央図書館 奉仕係", Level.TRAINEE, "trainee"),
    ("demo4", "試川 補助", "中央図書館 奉仕係", Level.ASSISTANT, "temporary"),
)
PASSWORD_VARIABLE = "SHOKO_DEMO_PASSWORD_FILE"  # noqa: S105  # the name of a variable
MIN_PASSWORD = 12


class Command(BaseCommand):
    help = (
        "Load the demonstration library, all or nothing, its staff accounts, and what has been done there today."
        " Repeatable. Run as ils_owner."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--catalogue", type=Path, default=settings.BASE_DIR / "demo" / "aozora_catalogue.csv.gz")
        parser.add_argument(
            "--password-file",
            type=Path,
            default=os.environ.get(PASSWORD_VARIABLE),
            help=f"password of the account '{DEMO_LOGIN}', one line (default: ${PASSWORD_VARIABLE})",
        )
        parser.add_argument("--without-day", action="store_true", help="the library before it opens")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()

        def progress(text: str) -> None:
            self.stderr.write(f"{time.monotonic() - began:5.1f} s  {text}")

        password = self._password(options["password_file"])
        call_command("sync_site", stdout=self.stderr)
        changed = self._load(options["catalogue"], progress)
        changed |= self._accounts(password)
        if not options["without_day"]:
            changed |= day.begin(password, progress)
        progress("ready")
        self.stdout.write("changed" if changed else "unchanged")

    @staticmethod
    def _password(path: Path | None) -> str:
        if path is None:
            raise CommandError(f"give --password-file or set {PASSWORD_VARIABLE}: no password lies in the code")
        try:
            password = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise CommandError(f"cannot read {path}: {error.strerror}") from error
        if len(password) < MIN_PASSWORD:
            raise CommandError(f"{path}: the password has fewer than {MIN_PASSWORD} characters")
        return password

    @staticmethod
    def _load(path: Path, progress: Any) -> bool:
        if Record.objects.exists():
            if Record.objects.filter(source_id__startswith=f"{load.SOURCE}:").exists():
                progress("the demonstration library is already there")
                return False
            raise CommandError("this database holds another library; the demonstration needs an empty one")
        try:
            read = catalogue.read(path)
        except (OSError, catalogue.BadCatalogue) as error:
            raise CommandError(f"catalogue: {error}") from error
        progress(f"read {len(read.works)} works of {len(read.persons)} persons")
        with transaction.atomic():
            load.everything(read, progress)
        return True

    @staticmethod
    def _accounts(password: str) -> bool:
        """One person of each level, all with the one password; `demo` is the officer of the walk through."""
        libraries = list(Library.objects.all())
        changed = False
        for login_id, name, section, level, job_class in STAFF:
            account = StaffAccount.objects.filter(login_id=login_id).first()
            if account and account.check_password(password):
                continue
            if account is None:
                account = StaffAccount(
                    login_id=login_id,
                    name=name,
                    section=section,
                    level=level,
                    job_class=job_class,
                    library=libraries[0],
                    registered_on=timezone.localdate(),
                )
            account.set_password(password)
            account.save()
            changed = True
        return changed
