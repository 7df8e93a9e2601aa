"""How people say how long: 90m, 2h, 1h30m."""

import re
from datetime import timedelta

from shoko.window.errors import WindowError

_FORM = re.compile(r"(?:(?P<hours>\d{1,3})h)?(?:(?P<minutes>\d{1,4})m)?")


def duration(text: str) -> timedelta:
    """Return the length of time that a text says; never zero."""
    match = _FORM.fullmatch(text)
    found = match and timedelta(hours=int(match["hours"] or 0), minutes=int(match["minutes"] or 0))
    if not found:
        raise WindowError(f"--for {text}: not a length of time (allowed: 30m, 2h, 1h30m)")
    return found


def spoken(length: timedelta) -> str:
    """Return a length of time in the same form."""
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    return "".join([f"{hours}h" if hours else "", f"{minutes}m" if minutes or not hours else ""])
