"""What a kept proof found to be otherwise than declared: by host, end to end, and by packets that were sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any

from shoko.declaration.model import Declaration

Found = dict[str, Any]  # an object of the proof's JSON
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}
_ADDRESS = re.compile(r"[0-9a-fA-F]*[.:][0-9a-fA-F.:]+")


@dataclass(frozen=True)
class Difference:
    """What hosts treat otherwise than declared, all of them alike.

    `kind` and `meaning` are those of the proof; `path` is input, forward or output, `together` for a whole way, or a
    suite of the dynamic proof. Where a packet shows it, `pair` are the zones of its ends and `packet` is the packet in
    words, `service` its protocol and port, as `tcp/22`, `frame` its bytes as hexadecimal digits; else they are None.
    `flow` is the flow that it belongs to, None where no flow permits the packet; `rule` the last rule that it met.
    """

    hosts: tuple[str, ...]
    path: str
    kind: str
    meaning: str
    pair: tuple[str, str] | None = None
    packet: str | None = None
    service: str | None = None
    flow: str | None = None
    rule: str | None = None
    frame: str | None = None


def differences(
    declaration: Declaration, hosts: list[Found], composed: Found | None, suites: list[Found]
) -> Iterator[Difference]:
    """Yield everything that a proof's JSON holds, host by host, then of the whole site, then of the suites."""
    for host in hosts:
        for one in host["findings"]:
            yield _static(declaration, (str(host["host"]),), str(one["path"]), one)
    if composed is not None:
        for one in composed["crossings"]:
            yield _static(declaration, _enforcing(one), "together", {**one, "steps": one["stages"][-1]["steps"]})
        for one in composed["gateways"]:
            unequal = {"kind": "unequal", "meaning": f"passes {one['passes']}, and not {one['stops']}", "flow": None}
            yield _static(declaration, (one["passes"], one["stops"]), "forward", {**one, **unequal, "steps": []})
        for one in composed["sentences"]:
            if one["result"] == "broken":
                broken = {"kind": "sentence", "meaning": f"breaks the sentence {one['sentence']}", "flow": None}
                yield _static(declaration, (), "together", {**one, **broken, "steps": []})
    for suite in suites:
        for one in suite["findings"]:
            yield _dynamic(declaration, str(suite["suite"]), one)


def together(found: Iterable[Difference]) -> tuple[Difference, ...]:
    """Say once what several hosts have in common, as both gateways often do."""
    alike: dict[Difference, list[str]] = {}
    for one in found:
        alike.setdefault(replace(one, hosts=()), []).extend(one.hosts)
    return tuple(replace(one, hosts=tuple(dict.fromkeys(hosts))) for one, hosts in alike.items())


def zone_of(declaration: Declaration, address: str) -> str | None:
    """Return the zone in which an address stands; the internet where it is none of ours, None if there is none."""
    wanted = ip_address(address)
    for segment in declaration.segments.values():
        if any(prefix is not None and wanted in prefix for prefix in (segment.ipv4, segment.ipv6)):
            return segment.zone
    return next((zone.name for zone in declaration.zones.values() if zone.outside), None)


def _enforcing(crossing: Found) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(stage["host"]) for stage in crossing["stages"]))


def _static(declaration: Declaration, hosts: tuple[str, ...], path: str, one: Found) -> Difference:
    packet, steps = one["packet"], one["steps"]
    rule = str(steps[-1]["rule"]) if steps else None
    found = Difference(hosts, path, str(one["kind"]), str(one["meaning"]), flow=one["flow"], rule=rule)
    if packet is None:
        return found
    protocol = _PROTOCOLS.get(packet["proto"], f"protocol {packet['proto']}")
    service = f"{protocol}/{packet['dport']}" if packet["proto"] in (6, 17) else protocol
    words = f"{packet['saddr']} → {packet['daddr']} {service}"
    pair = _pair(declaration, [str(packet["saddr"]), str(packet["daddr"])])
    return replace(found, pair=pair, packet=words, service=service, frame=one["bytes"])


def _dynamic(declaration: Declaration, suite: str, one: Found) -> Difference:
    """A packet that was sent; the suites tell it in words, its two addresses first."""
    words, rule = str(one["packet"]), str(one["steps"][-1]["rule"]) if one["steps"] else None
    pair = _pair(declaration, _ADDRESS.findall(words)[:2])
    return Difference(
        (str(one["where"]),), suite, str(one["kind"]), str(one["meaning"]), pair, words, None, one["flow"], rule,
        one["bytes"],
    )  # fmt: skip


def _pair(declaration: Declaration, addresses: list[str]) -> tuple[str, str] | None:
    try:
        source, destination = (zone_of(declaration, address) for address in addresses)
    except ValueError:  # not two addresses
        return None
    return None if source is None or destination is None else (source, destination)
