"""What a timer runs each morning: ends holds whose pickup limit has passed."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from shoko_ils.holds.services import ending


class Command(BaseCommand):
    help = "End holds past their pickup limit or no longer needed; their copies go to the next holds. Repeatable."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"expired: {ending.expire(timezone.localdate())}")
