"""What hosts' files are compared with: fingerprints by their digest, and one sealed statement that says whose is whose.

It lies on the control node. What seals it does not (`shoko/integrity/seal.py`): whoever changes a fingerprint, or says
of one that it is another host's, has no signature for it.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shoko.integrity.errors import IntegrityError
from shoko.integrity.fingerprint import Entry, entries, text_of
from shoko.integrity.seal import verified

FORMAT = 1
_OFFERED = 24 * 3600  # seconds that somebody has for accepting what was shown
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Accepted:
    """What somebody answers for on one host: SHA-256 (hex) of its fingerprint, and what the run was made of.

    `inputs` is the word of `shoko/integrity/inputs.py` of the last whole run, "" where that was not whole.
    """

    files: str
    inputs: str = ""


@dataclass(frozen=True)
class Statement:
    """What is accepted, by host, and since when (UTC)."""

    site: str
    at: str = "never"
    hosts: Mapping[str, Accepted] = field(default_factory=dict)

    def text(self) -> str:
        """The statement as it is signed."""
        hosts = {name: {"files": one.files, "inputs": one.inputs} for name, one in sorted(self.hosts.items())}
        return json.dumps({"format": FORMAT, "site": self.site, "at": self.at, "hosts": hosts}, indent=1) + "\n"

    @staticmethod
    def of(text: str) -> Statement:
        """Return the statement of a text; KeyError, TypeError or ValueError where it is none."""
        content: dict[str, Any] = json.loads(text)
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}, and this version reads {FORMAT}")
        hosts = {str(name): Accepted(str(one["files"]), str(one["inputs"])) for name, one in content["hosts"].items()}
        if not all(_DIGEST.fullmatch(one.files) for one in hosts.values()):
            raise ValueError("a digest that is none")
        return Statement(str(content["site"]), str(content["at"]), hosts)

    def with_hosts(self, hosts: Mapping[str, Accepted], at: str) -> Statement:
        """Return the statement with these hosts as they are given."""
        return Statement(self.site, at, {**self.hosts, **hosts})


def unsealed(sealed: str, signers: str, site: str, where: str) -> Statement:
    """Return the statement of a sealed one; IntegrityError where nobody allowed has signed it, or for another site."""
    try:
        content = json.loads(sealed)
        text, seal = str(content["statement"]), str(content["seal"])
        statement = Statement.of(text)
    except (ValueError, KeyError, TypeError) as problem:
        raise IntegrityError(f"{where}: is no sealed statement ({problem!r})") from problem
    if not verified(signers, text, seal) or statement.site != site:
        raise IntegrityError(
            f"{where} is not what was signed for {site}: somebody changed it. "
            "Take it from the backup; see docs/operations/integrity.md"
        )
    return statement


@dataclass(frozen=True)
class Kept:
    """A directory on the control node: `accepted.json`, and `fingerprints/` by digest. `signers` may seal."""

    directory: Path
    signers: Path
    site: str

    @property
    def sealed(self) -> str | None:
        """The sealed statement as it lies there, None where nothing was ever accepted."""
        try:
            return self._file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def statement(self) -> Statement:
        """Return what is accepted; IntegrityError where it is not what was signed."""
        sealed = self.sealed
        if sealed is None:
            return Statement(self.site)
        return unsealed(sealed, self._allowed(), self.site, str(self._file))

    def files(self, accepted: Accepted) -> dict[str, Entry]:
        """Return the files that were accepted; IntegrityError where they are gone or others."""
        return entries(self._content(accepted).decode())

    def _content(self, accepted: Accepted) -> bytes:
        path = self._fingerprint(accepted.files)
        try:
            text = path.read_bytes()
        except OSError as problem:
            raise IntegrityError(f"{path}: {problem.strerror}; see docs/operations/integrity.md") from problem
        if hashlib.sha256(text).hexdigest() != accepted.files:
            raise IntegrityError(
                f"{path} is not what was signed: somebody changed it. "
                "Take it from the backup; see docs/operations/integrity.md"
            )
        return text

    def offer(self, found: Mapping[str, Entry]) -> str:
        """Keep the files of a host for whoever may accept them; return the digest by which that is done."""
        text = text_of(found).encode()
        digest = hashlib.sha256(text).hexdigest()
        self._write(self._fingerprint(digest), text)
        return digest

    def accept(self, sealed: str) -> Statement:
        """Take a sealed statement in the place of the one before; IntegrityError, nothing changed, if it is no good."""
        statement = unsealed(sealed, self._allowed(), self.site, "what was handed over")
        for name, one in statement.hosts.items():
            try:
                self._content(one)
            except IntegrityError as problem:
                raise IntegrityError(f"{name}: {problem}") from problem
        self._write(self._file, sealed.encode())
        self._prune({one.files for one in statement.hosts.values()})
        return statement

    def _prune(self, needed: set[str]) -> None:
        """Take away what was offered more than a day ago and is not accepted."""
        for path in (self.directory / "fingerprints").glob("*"):
            if path.name not in needed and time.time() - path.stat().st_mtime > _OFFERED:
                path.unlink()

    @property
    def _file(self) -> Path:
        return self.directory / "accepted.json"

    def _fingerprint(self, digest: str) -> Path:
        return self.directory / "fingerprints" / digest

    def _allowed(self) -> str:
        try:
            return self.signers.read_text(encoding="utf-8")
        except OSError as problem:
            raise IntegrityError(f"{self.signers}: {problem.strerror}: run role `control`") from problem

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_name(path.name + ".new")
        beside.write_bytes(content)
        beside.rename(path)
