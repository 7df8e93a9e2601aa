#!/usr/bin/env python3
"""Management commands of the ILS, run as the database owner (README.md lists them)."""

import os
import sys

from django.core.management import execute_from_command_line

from shoko_ils.core import logs


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shoko_ils.settings.owner")
    sys.excepthook = logs.hook
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
