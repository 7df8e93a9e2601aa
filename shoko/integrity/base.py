"""What the control node keeps of each host: its files as the last run left them, signed, and what nobody has explained."""

from __future__ import annotations

import gzip
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from shoko.integrity.errors import IntegrityError
from shoko.integrity.fingerprint import Rows
from shoko.integrity.signature import Keys, sign, verified

FORMAT = 1


@dataclass(frozen=True)
class Base:
    """Files of a host as they have to be. `at` is when this was noted (UTC).

    `open` holds findings, by path, that a run met before it changed anything: they stay findings after it.
    """

    host: str
    at: str
    rows: Rows
    open: dict[str, str] = field(default_factory=dict)


class Shelf:
    """The directory with one signed file for each host."""

    def __init__(self, directory: Path, keys: Keys) -> None:
        self._directory, self._keys = directory, keys

    def read(self, host: str) -> Base | None:
        """Return what is kept of a host, None where nothing is; IntegrityError where it is not what a run signed."""
        try:
            signed = self._file(host).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise IntegrityError(f"{self._file(host)}: {problem.strerror}") from problem
        try:
            with tempfile.TemporaryDirectory() as scratch:
                content = json.loads(gzip.decompress(verified(self._keys, signed, Path(scratch))))
            if content["format"] != FORMAT or content["host"] != host:
                raise IntegrityError(f"is of {content['host']}, format {content['format']}")
            return Base(host, content["at"], content["rows"], content["open"])
        except (IntegrityError, OSError, EOFError, ValueError, KeyError, TypeError) as problem:
            raise IntegrityError(f"{self._file(host)} is not what a run signed: {problem}") from problem

    def write(self, base: Base) -> None:
        """Keep and sign what is known of a host; whole or not at all."""
        content = {"format": FORMAT, "host": base.host, "at": base.at, "rows": base.rows, "open": base.open}
        packed = gzip.compress(json.dumps(content).encode(), compresslevel=3, mtime=0)
        beside = self._file(base.host).with_suffix(".new")
        beside.touch(mode=0o640)
        beside.write_bytes(sign(self._keys, packed))
        beside.rename(self._file(base.host))

    def _file(self, host: str) -> Path:
        return self._directory / f"{host}.base"
