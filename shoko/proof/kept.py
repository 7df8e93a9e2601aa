"""The result of `shoko prove --json`, read again from the file in which it was kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from shoko.declaration.model import Declaration
from shoko.proof.errors import ProofError

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}


@dataclass(frozen=True)
class Difference:
    """What a host treats otherwise than declared, in one line of words.

    `pair` are the zones of the packet that shows it and `service` its protocol and port, as `tcp/22`; both None where
    no packet shows it. `flow` is the flow that it belongs to, None where no flow permits the packet.
    """

    host: str
    pair: tuple[str, str] | None
    service: str | None
    flow: str | None
    words: str


@dataclass(frozen=True)
class Kept:
    """A proof beside its declaration. `current` is whether it was made of this very declaration.

    `proven` are the hosts that enforce exactly the declaration, of `hosts` that were looked at; `unproved` names hosts
    with the reason. `when` is the end of the proof, None where it was not written down.
    """

    result: str
    digest: str
    current: bool
    when: datetime | None
    kernel: str
    hosts: tuple[str, ...]
    proven: frozenset[str]
    differences: tuple[Difference, ...]
    unproved: tuple[tuple[str, str], ...]


def read(declaration: Declaration, file: Path) -> Kept:
    """Return what a proof says; ProofError where the file is none of this site."""
    try:
        page: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if page["site"] != declaration.key:
            raise ProofError(f"{file}: a proof of {page['site']}, not of {declaration.key}")
        hosts = page["hosts"]
        return Kept(
            result=str(page["result"]),
            digest=str(page["declaration_digest"]),
            current=page["declaration_digest"] == declaration.digest,
            when=datetime.fromisoformat(page["finished"]) if page.get("finished") else None,
            kernel=", ".join(sorted({str(one["kernel"]) for one in hosts if one["kernel"] is not None})),
            hosts=tuple(str(one["host"]) for one in hosts),
            proven=frozenset(str(one["host"]) for one in hosts if one["result"] == "proven"),
            differences=tuple(
                _difference(declaration, str(one["host"]), found) for one in hosts for found in one["findings"]
            ),
            unproved=tuple((str(one["host"]), str(reason)) for one in hosts for reason in one["unproved"]),
        )
    except OSError as error:
        raise ProofError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ProofError(f"{file}: no result of `shoko prove --json` ({error})") from error


def zone_of(declaration: Declaration, address: str) -> str | None:
    """Return the zone in which an address stands; the internet where it is none of ours, None if there is none."""
    wanted = ip_address(address)
    for segment in declaration.segments.values():
        if any(prefix is not None and wanted in prefix for prefix in (segment.ipv4, segment.ipv6)):
            return segment.zone
    return next((zone.name for zone in declaration.zones.values() if zone.outside), None)


def _difference(declaration: Declaration, host: str, found: dict[str, Any]) -> Difference:
    packet = found["packet"]
    if packet is None:
        return Difference(host, None, None, found["flow"], f"{found['path']}: {found['meaning']}")
    source, destination = (zone_of(declaration, packet[end]) for end in ("saddr", "daddr"))
    pair = None if source is None or destination is None else (source, destination)
    protocol = _PROTOCOLS.get(packet["proto"], f"protocol {packet['proto']}")
    service = f"{protocol}/{packet['dport']}" if packet["proto"] in (6, 17) else protocol
    rule = f" — {found['steps'][-1]['rule']}" if found["steps"] else ""
    words = f"{found['path']}: {packet['saddr']} → {packet['daddr']} {service}: {found['meaning']}{rule}"
    return Difference(host, pair, service, found["flow"], words)
