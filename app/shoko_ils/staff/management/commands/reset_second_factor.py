"""Resets the second factor of an account where no two others of level 1 can, from the terminal of a host."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shoko_ils.core.management import terminal
from shoko_ils.staff.services import first


class Command(BaseCommand):
    help = (
        "Take second factor, recovery codes and password of an account away, and print an initial password this once."
        " Refused while two other persons of level 1 are active. Run as ils_owner, at a terminal."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login_id", metavar="ID")

    def handle(self, *args: Any, **options: Any) -> None:
        terminal.needed(self.stdout)
        try:
            password = first.reset_factor(options["login_id"])
        except first.Refused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{options['login_id']}  {password}")
        self.stdout.write("Shown this once. The person changes it and sets up a second factor at the next log-in.")
