"""Debian's index files: InRelease and Packages (deb-src: repository format of the Debian wiki)."""

import lzma
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from shoko.lab.errors import LabError


@dataclass(frozen=True)
class PackageFile:
    """One .deb of an archive; `filename` is relative to the archive's root."""

    name: str
    version: str
    filename: str
    sha256: str
    size: int


def release_hash(release: str, name: str) -> str:
    """Return the SHA-256 that a Release text states for the file `name`."""
    inside = False
    for line in release.splitlines():
        if line == "SHA256:":
            inside = True
        elif inside and not line.startswith(" "):
            break
        elif inside:
            digest, _, listed = line.split()
            if listed == name:
                return digest
    raise LabError(f"Release file lists no {name}")


def valid_until(release: str) -> datetime | None:
    """Return the Valid-Until moment (UTC) of a Release text; the stable suite has none."""
    for line in release.splitlines():
        if line.startswith("Valid-Until:"):
            moment = parsedate_to_datetime(line.split(":", 1)[1].strip())
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def read_packages(path: Path) -> Iterator[PackageFile]:
    """Yield the packages of a Packages.xz file."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        yield from parse_packages(lines)


def parse_packages(lines: Iterable[str]) -> Iterator[PackageFile]:
    """Yield the packages of the lines of a Packages file (deb822 stanzas)."""
    fields: dict[str, str] = {}
    for line in lines:
        if line == "\n":
            if fields:
                yield _package(fields)
                fields = {}
        elif line[0] in "PVFS":
            key, _, value = line.partition(": ")
            if key in {"Package", "Version", "Filename", "SHA256", "Size"}:
                fields[key] = value.rstrip("\n")
    if fields:
        yield _package(fields)


def _package(fields: dict[str, str]) -> PackageFile:
    try:
        return PackageFile(
            fields["Package"], fields["Version"], fields["Filename"], fields["SHA256"], int(fields["Size"])
        )
    except KeyError as missing:
        raise LabError(f"Packages file: stanza {fields.get('Package', '?')} lacks {missing}") from missing
