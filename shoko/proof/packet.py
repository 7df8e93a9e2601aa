"""One packet out of a box, and how people read it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from shoko.proof.boxes import Box
from shoko.proof.fields import NEW, NOBODY, STATES, VALUES
from shoko.proof.interfaces import NONE, Interfaces
from shoko.proof.spans import holds

# An everyday packet: what a field gets where the box leaves it free, so that the example is one that could be sent.
ORDINARY = {"state": NEW, "proto": 6, "headed": 1, "sport": 40000, "flags": 2, "hop": 64, "user": 0}
_PROTOCOLS = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 47: "gre", 50: "esp", 58: "icmpv6", 112: "vrrp", 132: "sctp"}
_FRAGMENT = 44  # IPv6 header of a fragment
_STATES = {number: word for word, number in STATES.items()}

Packet = dict[str, int]


def example(box: Box) -> Packet:
    """Return a packet of a box with a value for every field: the ordinary one where it fits, else the lowest."""
    packet: Packet = {}
    for field, full in VALUES.items():
        members = box.get(field, full)
        usual = _following(box, packet) if field == "nexthdr" else ORDINARY.get(field, members[0])
        packet[field] = usual if holds(members, usual) else members[0]
    return packet


def _following(box: Box, packet: Packet) -> int:
    """What comes after the IPv6 header: the transport header, or in a later fragment what says that it is one."""
    return packet["proto"] if holds(box.get("headed", VALUES["headed"]), 1) else _FRAGMENT


def text(packet: Packet, names: Interfaces) -> str:
    """Return a packet as one line: who to whom, protocol and port, in and out, connection state."""
    proto = packet["proto"]
    ports = packet["headed"] == 1 and proto in (6, 17, 33, 132, 136)
    ends = [_address(packet, end) + (_port(packet, port) if ports else "") for end, port in _ENDS]
    about = [f"{_PROTOCOLS.get(proto, f'protocol {proto}')} {ends[0]} -> {ends[1]}"]
    if proto in (1, 58) and packet["headed"]:
        about.append(f"type {packet['sport'] >> 8} code {packet['sport'] & 255}")
    if not packet["headed"]:
        about.append("later fragment")
    about += [
        f"{word} {names.text(packet[end])}" for word, end in (("in", "iif"), ("out", "oif")) if packet[end] != NONE
    ]
    about.append(_STATES[packet["state"]])
    if packet["mark"]:
        about.append(f"mark {packet['mark']:#x}")
    if packet["iif"] == NONE and packet["user"] != NOBODY:
        about.append(f"user {packet['user']}")
    return ", ".join(about)


def record(packet: Packet, names: Interfaces) -> dict[str, object]:
    """Return a packet for machines: numbers, with addresses, interfaces and state in words; null is "has none"."""
    words: dict[str, object] = dict(packet)
    words |= {end: _address(packet, end) for end in ("saddr", "daddr")}
    words |= {end: names.text(packet[end]) for end in ("iif", "oif")}
    words["nexthdr"] = packet["nexthdr"] if packet["family"] == 6 else None
    words["user"] = packet["user"] if packet["iif"] == NONE and packet["user"] != NOBODY else None
    return words | {"state": _STATES[packet["state"]]}


_ENDS = (("saddr", "sport"), ("daddr", "dport"))


def _address(packet: Packet, end: str) -> str:
    return str(IPv4Address(packet[end]) if packet["family"] == 4 else IPv6Address(packet[end]))


def _port(packet: Packet, port: str) -> str:
    return f"#{packet[port]}"
