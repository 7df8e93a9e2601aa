"""Day-0 legs as systemd-networkd files (systemd.network(5), systemd.link(5))."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network

from shoko.bootstrap.model import File
from shoko.declaration.model import Address, Declaration, Leg

Interface = IPv4Interface | IPv6Interface
Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Route:
    """A way to a prefix by a neighbour."""

    to: Network
    via: Address


def interfaces(declaration: Declaration, leg: Leg) -> list[Interface]:
    """Return a leg's addresses with the lengths of its segment's prefixes, IPv4 first."""
    segment = declaration.segments[leg.segment]
    found: list[Interface] = []
    if leg.ipv4 is not None and segment.ipv4 is not None:
        found.append(IPv4Interface(f"{leg.ipv4}/{segment.ipv4.prefixlen}"))
    if leg.ipv6 is not None and segment.ipv6 is not None:
        found.append(IPv6Interface(f"{leg.ipv6}/{segment.ipv6.prefixlen}"))
    return found


def network_file(interface: str, addresses: Iterable[Interface], routes: Iterable[Route]) -> File:
    """Return the file that gives an interface its addresses and routes and takes nothing from the wire."""
    lines = ["# Day 0, written from the declaration. The role `network` replaces it.", "[Match]", f"Name={interface}",
             "", "[Network]"]  # fmt: skip
    own = list(addresses)
    lines += [f"Address={address}" for address in own]
    link_local = "ipv6" if any(address.version == 6 for address in own) else "no"
    lines += ["DHCP=no", "IPv6AcceptRA=no", f"LinkLocalAddressing={link_local}", "LLMNR=no", "MulticastDNS=no",
              "ConfigureWithoutCarrier=yes"]  # fmt: skip
    for route in routes:
        lines += ["", "[Route]", f"Destination={route.to}", f"Gateway={route.via}"]
    return File(f"/etc/systemd/network/10-{interface}.network", ("\n".join(lines) + "\n").encode())


def link_file(leg: Leg) -> File | None:
    """Return the file that names a real network card after its segment; None where no card is declared."""
    if leg.mac is None and leg.path is None:
        return None
    match = f"PermanentMACAddress={leg.mac}" if leg.mac is not None else f"Path={leg.path}"
    text = f"# Names the card of this leg.\n[Match]\n{match}\n\n[Link]\nName={leg.interface}\n"
    return File(f"/etc/systemd/network/10-{leg.interface}.link", text.encode())
