"""What the site decides about holds, from the key `holds` of the site file."""

from dataclasses import dataclass, fields
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True)
class Policy:
    """Numbers of days are open days of the pickup library where it says so."""

    # 来館者優先: who brings a copy from the shelf goes before the holds, until the copy is pulled
    walk_in_first: bool = True
    # open days from the first day of the pickup limit on, that day included
    pickup_days: int = 7
    # open days that the one extension adds
    extension_days: int = 7
    # a notice waits so long for the undoing of the return that caused it
    notice_delay_minutes: int = 10
    # days after which an open transit is reported
    transit_days: int = 3
    # whether a mail lists titles; without, it says how many and gives the link
    titles_in_mail: bool = False
    # hold and transit slips are printed without asking
    print_slips: bool = False


@cache
def _read(given: tuple[tuple[str, object], ...]) -> Policy:
    types = {field.name: field.type for field in fields(Policy)}
    for name, value in given:
        if name not in types or type(value) is not types[name] or (isinstance(value, int) and value < 0):
            raise ImproperlyConfigured(f"site file, holds.{name}: {value!r} is not a valid setting")
    return Policy(**dict(given))  # type: ignore[arg-type]


def policy() -> Policy:
    """The policy in force. Raises ImproperlyConfigured for an unknown name or a value of another kind."""
    given = {k: v for k, v in settings.SITE.get("holds", {}).items() if k != "rules"}
    return _read(tuple(sorted(given.items())))
