"""Django's migrate, with our schemas before it and the rights of the services after it."""

from typing import Any

from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import connection

from shoko_ils.core import sql

# any constant: it keeps two servers from migrating at the same time
LOCK = 0x5348_4F4B


class Command(migrate.Command):
    help = (
        "Create the schemas, migrate, grant both services their rights, bring the catalogue up to date. As ils_owner."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            for schema in sql.SCHEMAS:
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        try:
            super().handle(*args, **options)
            if not options["plan"] and not options["check_unapplied"]:
                call_command("grant_roles", stdout=self.stdout)
            if not (options["plan"] or options["check_unapplied"] or options["app_label"]):
                # does nothing unless this release reads MARC records differently
                call_command("rebuild_catalogue", stdout=self.stdout, stderr=self.stderr)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
