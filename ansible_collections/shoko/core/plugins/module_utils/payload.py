"""How rendered files travel to the host: one compressed string, which no log ever shows."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict

from ansible_collections.shoko.core.plugins.module_utils.entries import Entry
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError


def pack(entries: list[Entry]) -> str:
    """Return the entries as base64 of compressed JSON; file contents may be any bytes."""
    rows = [{**asdict(entry), "data": base64.b64encode(entry.data).decode()} for entry in entries]
    return base64.b64encode(zlib.compress(json.dumps(rows).encode(), 6)).decode()


def unpack(payload: str) -> list[Entry]:
    """Return what ``pack`` packed."""
    try:
        rows = json.loads(zlib.decompress(base64.b64decode(payload, validate=True)))
        return [Entry(**{**row, "data": base64.b64decode(row["data"])}) for row in rows]
    except (ValueError, zlib.error, TypeError, KeyError) as error:
        raise HostError(f"payload: not what the files action sends ({error})") from error
