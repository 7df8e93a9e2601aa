"""The result of `shoko prove --json`, read again from the file in which it was kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from shoko.declaration.model import Declaration
from shoko.proof.errors import ProofError

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}


@dataclass(frozen=True)
class Difference:
    """What hosts treat otherwise than declared, all of them alike.

    `kind` and `meaning` are those of the proof, `path` is input, forward or output. Where a packet shows it, `pair` are
    the zones of its ends, `ends` their addresses and `service` its protocol and port, as `tcp/22`; else they are None.
    `flow` is the flow that it belongs to, None where no flow permits the packet; `rule` the last rule that it met;
    `frame` the packet's bytes as hexadecimal digits.
    """

    hosts: tuple[str, ...]
    path: str
    kind: str
    meaning: str
    pair: tuple[str, str] | None = None
    ends: tuple[str, str] | None = None
    service: str | None = None
    flow: str | None = None
    rule: str | None = None
    frame: str | None = None


@dataclass(frozen=True)
class Kept:
    """A proof beside its declaration. `current` is whether it was made of this very declaration.

    `proven` are the hosts that enforce exactly the declaration, of `hosts` that were looked at; `unproved` names hosts
    with the reason. `when` is the end of the proof, None where it was not written down;
    `kernels` are the versions of Linux whose rules were judged.
    """

    result: str
    digest: str
    current: bool
    when: datetime | None
    kernels: tuple[str, ...]
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
            when=datetime.fromisoformat(page["ended"]) if page.get("ended") else None,
            kernels=tuple(sorted({str(one["kernel"]) for one in (page, *hosts) if one.get("kernel")})),
            hosts=tuple(str(one["host"]) for one in hosts),
            proven=frozenset(str(one["host"]) for one in hosts if one["result"] == "proven"),
            differences=_together(
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


def _together(found: Iterable[Difference]) -> tuple[Difference, ...]:
    """Say once what several hosts have in common, as both gateways often do."""
    alike: dict[Difference, list[str]] = {}
    for one in found:
        alike.setdefault(replace(one, hosts=()), []).extend(one.hosts)
    return tuple(replace(one, hosts=tuple(dict.fromkeys(hosts))) for one, hosts in alike.items())


def _difference(declaration: Declaration, host: str, found: dict[str, Any]) -> Difference:
    packet = found["packet"]
    rule = str(found["steps"][-1]["rule"]) if found["steps"] else None
    one = Difference(
        (host,), str(found["path"]), str(found["kind"]), str(found["meaning"]), flow=found["flow"], rule=rule
    )
    if packet is None:
        return one
    ends = (str(packet["saddr"]), str(packet["daddr"]))
    source, destination = (zone_of(declaration, end) for end in ends)
    pair = None if source is None or destination is None else (source, destination)
    protocol = _PROTOCOLS.get(packet["proto"], f"protocol {packet['proto']}")
    service = f"{protocol}/{packet['dport']}" if packet["proto"] in (6, 17) else protocol
    return replace(one, pair=pair, ends=ends, service=service, frame=found.get("bytes"))
