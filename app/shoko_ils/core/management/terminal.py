"""Commands that show a password: only to who sits there."""

from django.core.management.base import CommandError, OutputWrapper


def needed(stdout: OutputWrapper) -> None:
    """Raise CommandError unless the output is a terminal: a pipe, a log or the output of a run would keep it."""
    if not stdout.isatty():
        raise CommandError("passwords are only shown at a terminal: run it there yourself")
