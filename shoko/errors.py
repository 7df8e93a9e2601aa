"""The errors that Shoko shows to people: one clear line each, never a traceback."""


class ShokoError(Exception):
    """What went wrong, where, and what to do, in one line. The command prints it and exits with `code`."""

    code = 1
