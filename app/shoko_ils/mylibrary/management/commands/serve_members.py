"""The desk behind My Library as a small service."""

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from gunicorn.systemd import sd_notify

from shoko_ils.core import db
from shoko_ils.mylibrary import desk

LOOK_SECONDS = 1.0
log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Do what citizens order on the public service. Runs with the rights of staff; several may run at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what waits and end")

    def handle(self, *args: Any, **options: Any) -> None:
        while True:
            try:
                desk.work()
                if options["once"]:
                    return
                # systemd takes the first for a start that went well, and ends a service that stops saying so
                sd_notify("READY=1\nWATCHDOG=1", log)
                self._wait()
            except Exception as error:
                if options["once"] or not (isinstance(error, db.OutcomeUnknown) or db.is_away(error)):
                    raise
                connection.close()
                db.wait_until_back(connection.ensure_connection)

    @staticmethod
    def _wait() -> None:
        """Until the database tells of a new order; a second at most, for one that was told while nobody listened."""
        with connection.cursor() as cursor:
            cursor.execute("LISTEN member_order")
        with connection.wrap_database_errors:
            list(connection.connection.notifies(timeout=LOOK_SECONDS, stop_after=1))
