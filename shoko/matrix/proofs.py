"""The result of `shoko prove --json`, as far as the matrix shows it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from shoko.declaration.model import Declaration
from shoko.matrix.errors import MatrixError


@dataclass(frozen=True)
class Difference:
    """A packet that a host treats otherwise than declared; `pair` is None where no packet shows the difference."""

    host: str
    pair: tuple[str, str] | None
    words: str


@dataclass(frozen=True)
class Shown:
    """A proof beside its declaration. `current` is whether it was made of this very declaration."""

    result: str
    digest: str
    current: bool
    proven: int
    hosts: int
    kernel: str
    differences: tuple[Difference, ...]
    unproved: tuple[tuple[str, str], ...]


def read(declaration: Declaration, file: Path) -> Shown:
    """Return what a proof says; MatrixError where the file is none of this site."""
    try:
        page: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if page["site"] != declaration.key:
            raise MatrixError(f"{file}: a proof of {page['site']}, not of {declaration.key}")
        hosts = page["hosts"]
        return Shown(
            result=str(page["result"]),
            digest=str(page["declaration_digest"]),
            current=page["declaration_digest"] == declaration.digest,
            proven=sum(one["result"] == "proven" for one in hosts),
            hosts=len(hosts),
            kernel=", ".join(sorted({str(one["kernel"]) for one in hosts if one["kernel"] is not None})),
            differences=tuple(
                Difference(one["host"], _pair(declaration, found["packet"]), _words(found))
                for one in hosts
                for found in one["findings"]
            ),
            unproved=tuple((one["host"], str(reason)) for one in hosts for reason in one["unproved"]),
        )
    except OSError as error:
        raise MatrixError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise MatrixError(f"{file}: no result of `shoko prove --json` ({error})") from error


def zone_of(declaration: Declaration, address: str) -> str | None:
    """Return the zone in which an address stands; the internet where it is none of ours, None if there is none."""
    wanted = ip_address(address)
    for segment in declaration.segments.values():
        if any(prefix is not None and wanted in prefix for prefix in (segment.ipv4, segment.ipv6)):
            return segment.zone
    return next((zone.name for zone in declaration.zones.values() if zone.outside), None)


def _pair(declaration: Declaration, packet: dict[str, Any] | None) -> tuple[str, str] | None:
    if packet is None:
        return None
    source, destination = (zone_of(declaration, packet[end]) for end in ("saddr", "daddr"))
    return None if source is None or destination is None else (source, destination)


def _words(found: dict[str, Any]) -> str:
    packet = found["packet"]
    if packet is None:
        return f"{found['path']}: {found['meaning']}"
    rule = f" — {found['steps'][-1]['rule']}" if found["steps"] else ""
    ends = f"{packet['saddr']} → {packet['daddr']} protocol {packet['proto']} port {packet['dport']}"
    return f"{found['path']}: {ends}: {found['meaning']}{rule}"
