#!/usr/bin/env python3
"""Management commands of the ILS, run as the database owner (README.md lists them)."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shoko_ils.settings.owner")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
