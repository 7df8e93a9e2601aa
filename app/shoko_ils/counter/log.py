"""The last scans of a return counter, kept in the person's session. Holds items, never a patron."""

import uuid
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from shoko_ils.counter.messages import Notice

SHOWN = 8
SESSION_KEY = "returned"


class ScanLog:
    """Newest first; a repeated scan key adds no second line."""

    def __init__(self, session: SessionBase) -> None:
        self.session = session

    def lines(self) -> list[dict[str, Any]]:
        return list(self.session.get(SESSION_KEY, []))

    def add(self, key: uuid.UUID, notice: Notice) -> None:
        lines = self.lines()
        if any(line["key"] == str(key) for line in lines):
            return
        line = {
            "key": str(key),
            "time": timezone.localtime().strftime("%H:%M:%S"),
            "kind": notice.kind,
            "headline": notice.headline,
            "title": notice.title,
            "call_number": notice.call_number,
        }
        self.session[SESSION_KEY] = [line, *lines][:SHOWN]
