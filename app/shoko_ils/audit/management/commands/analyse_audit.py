"""Makes the analysis of a month that is over."""

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from shoko_ils.audit.analysis import analyse, month_of


class Command(BaseCommand):
    help = "Analyse who looked at patrons in a month (default: the last one). Repeatable. Run as ils_owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", help="YYYY-MM")

    def handle(self, *args: Any, **options: Any) -> None:
        today = timezone.localdate()
        day = today.replace(day=1) - dt.timedelta(days=1)
        if options["month"]:
            try:
                day = dt.date.fromisoformat(f"{options['month']}-01")
            except ValueError as error:
                raise CommandError(f"--month {options['month']}: write it as YYYY-MM") from error
        if month_of(day)[1].date() > today:
            raise CommandError("this month is not over yet")
        report = analyse(day)
        self.stdout.write(f"{report}: {report.events} events, {report.findings.count()} findings")
