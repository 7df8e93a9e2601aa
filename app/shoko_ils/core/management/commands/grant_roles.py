"""Gives ils_public and ils_staff exactly the rights of `core/sql.py`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from shoko_ils.core import sql


class Command(BaseCommand):
    help = "Grant the two service roles their rights, and nothing else. Repeatable. Run as ils_owner."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            missing = sql.missing_roles(cursor)
            if missing:
                raise CommandError(
                    f"database role {' and '.join(missing)} does not exist: "
                    "the deployment creates it (CREATE ROLE … LOGIN), then run this again"
                )
            sql.apply_grants(cursor)
        self.stdout.write("rights granted to ils_public and ils_staff")
