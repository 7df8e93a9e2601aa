"""Makes the first two accounts of a site, from the terminal of a host."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from shoko_ils.core.management import terminal
from shoko_ils.core.models import Library
from shoko_ils.staff.forms import NewAccountForm
from shoko_ils.staff.services import first

FIELDS = ("ID", "NAME", "SECTION", "CLASS", "POST")


class Command(BaseCommand):
    help = (
        "Make the first two accounts of level 1, at the central library, and print their initial passwords this once."
        " Refused while any account of level 1 is active. Run as ils_owner, at a terminal."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--person", nargs=len(FIELDS), metavar=FIELDS, action="append", required=True, help="given twice"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        terminal.needed(self.stdout)
        persons = [first.Person(*given) for given in options["person"]]
        central = Library.objects.order_by("position").first()
        if central is None:
            raise CommandError("there is no library yet: run sync_site first")
        try:
            for each in persons:
                NewAccountForm.base_fields["login_id"].clean(each.login_id)
            passwords = first.make(persons, central)
        except ValidationError as error:
            raise CommandError(f"ID: {error.messages[0]}") from error
        except first.Refused as error:
            raise CommandError(str(error)) from error
        for login_id, password in passwords.items():
            self.stdout.write(f"{login_id}  {password}")
        self.stdout.write("Shown this once. Each person changes it and sets up a second factor at the first log-in.")
