"""Lists combinations of category, material class and place that no loan rule covers."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shoko_ils.circulation import rules


class Command(BaseCommand):
    help = "List what no loan rule covers; fails if there is anything. Changes nothing. Run as ils_owner."

    def handle(self, *args: Any, **options: Any) -> None:
        left = rules.uncovered()
        for each in left:
            self.stdout.write(f"{each.category} / {each.material_class} / {each.place}")
        if left:
            raise CommandError(f"{len(left)} combinations are not covered: nothing can be lent there")
        self.stdout.write("every combination is covered")
