"""Day-0 files as one tar archive per host, the same bytes for the same content."""

from __future__ import annotations

import io
import tarfile

from shoko.bootstrap.model import DayZero


def archive(content: DayZero) -> bytes:
    """Return an uncompressed tar of a host's files and links, owned by root, without times (mtime 0)."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in sorted(content.files, key=lambda file: file.path):
            entry = tarfile.TarInfo(file.path.lstrip("/"))
            entry.size, entry.mode = len(file.content), file.mode
            entry.uname = entry.gname = file.owner
            tar.addfile(entry, io.BytesIO(file.content))
        for path, target in sorted(content.links):
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            entry.uname = entry.gname = "root"
            tar.addfile(entry)
    return stream.getvalue()
