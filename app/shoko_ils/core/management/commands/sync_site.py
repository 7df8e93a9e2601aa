"""Brings the table of libraries in line with the site file."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from shoko_ils.core.models import Library


class Command(BaseCommand):
    help = "Create or rename the libraries that the site file lists. Repeatable. Run as ils_owner."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        changed = 0
        for position, entry in enumerate(settings.SITE["libraries"], start=1):
            wanted = {
                "position": position,
                "name_ja": entry["ja"],
                "name_en": entry["en"],
                "closed_weekdays": entry.get("closed_weekdays", []),
            }
            library = Library.objects.filter(key=entry["key"]).first()
            if library is None:
                Library.objects.create(key=entry["key"], **wanted)
            elif any(getattr(library, name) != value for name, value in wanted.items()):
                Library.objects.filter(pk=library.pk).update(**wanted)
            else:
                continue
            changed += 1
        self.stdout.write(f"libraries: {len(settings.SITE['libraries'])}, changed: {changed}")
