"""What a host says of its files: AIDE's database as text, and what the observer measured itself (observer.py, `files`)."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import dataclass
from urllib.parse import unquote

from shoko.observe.observer import FILES_FORMAT

LARGEST = 256 << 20  # bytes of a database; a host of the lab has 4 MB
# Columns that say nothing about what anybody runs or reads: the number of the inode, and which columns AIDE filled.
_NOT_KEPT = frozenset({"name", "inode", "attr"})

Rows = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Fingerprint:
    """Files of one host: AIDE's columns by path, as it wrote them, and SHA-256 (base64) of what reads them there."""

    rows: Rows
    readers: dict[str, str]


def understood(line: str) -> Fingerprint:
    """Return what a host's observer printed; ValueError, KeyError or TypeError where it is something else."""
    page = json.loads(line)
    if page["format"] != FILES_FORMAT:
        raise ValueError(f"format {page['format']}, and this version reads {FILES_FORMAT}")
    if page["error"]:
        raise ValueError(str(page["error"]))
    reader = zlib.decompressobj()
    text = reader.decompress(base64.b64decode(page["database"]), LARGEST)
    if reader.unconsumed_tail:
        raise ValueError(f"a database of more than {LARGEST >> 20} MB")
    return Fingerprint(rows_of(text.decode()), {str(path): str(digest) for path, digest in page["readers"].items()})


def rows_of(text: str) -> Rows:
    """Return the rows of a database of AIDE (its text format); ValueError for one that is damaged or not whole."""
    lines = text.splitlines()
    head = next((line for line in lines if line.startswith("@@db_spec ")), "")
    if not head or lines[-1] != "@@end_db":
        raise ValueError("AIDE's database is not whole")
    columns = head.split()[1:]
    rows: Rows = {}
    for line in lines:
        if line.startswith(("@@", "#")):
            continue
        values = line.split(" ")
        if len(values) != len(columns):
            raise ValueError(f"a line of AIDE's database has {len(values)} columns and not {len(columns)}")
        row = dict(zip(columns, values, strict=True))
        rows[row["name"]] = {name: value for name, value in row.items() if name not in _NOT_KEPT}
    return rows


def shown(name: str) -> str:
    """Return a path of a database for people; AIDE writes what is not plain as %XX."""
    return re.sub(r"[\x00-\x1f\x7f]", "?", unquote(name, errors="backslashreplace"))
