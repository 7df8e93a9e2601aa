"""What the lab has to make: hosts, their legs, and what each leg is plugged into.

The plan is plain data. `plan_from_declaration` (planning.py) derives it; the engine reads nothing else.
"""

import hashlib
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

from shoko.lab.errors import LabError

IFNAME_BYTES = 15  # IFNAMSIZ - 1 of linux/if.h


@dataclass(frozen=True)
class SwitchPort:
    """A port of a switch host: the other end of the leg appears in the switch under this name."""

    switch: str
    port: str


@dataclass(frozen=True)
class DirectPeer:
    """A cable between two hosts; both of them list the other."""

    host: str
    leg: str


@dataclass(frozen=True)
class WorldPort:
    """A wire into the outside world: the other end appears in `world` under this name."""

    port: str


@dataclass(frozen=True)
class LabLeg:
    """One network interface of a host.

    `addresses` are for status and for outside parties only: a managed host takes its addresses from its
    day-0 files.
    """

    name: str
    plug: SwitchPort | DirectPeer | WorldPort
    mac: str
    segment: str
    addresses: tuple[IPv4Interface | IPv6Interface, ...] = ()


@dataclass(frozen=True)
class DayZero:
    """A file that an installer leaves on a host: mode is its permission bits, owner a user of a bare Debian."""

    path: str
    content: bytes
    mode: int = 0o644
    owner: str = "root"


def text_file(path: str, content: str, mode: int = 0o644) -> DayZero:
    """Return a day-0 file from text."""
    return DayZero(path, content.encode(), mode)


@dataclass(frozen=True)
class Bind:
    """A folder of the machine shown read-only in an outside host."""

    source: str
    target: str


@dataclass(frozen=True)
class LabHost:
    """One host: image layer, legs in order, zone and address for display, what an installer leaves on it."""

    name: str
    layer: str
    zone: str
    legs: tuple[LabLeg, ...]
    managed: bool
    files: tuple[DayZero, ...] = ()
    links: tuple[tuple[str, str], ...] = ()  # symbolic links: path, target (units switched on)
    binds: tuple[Bind, ...] = ()
    tun: bool = False
    virtual: bool = False  # a machine with a kernel of its own (QEMU) instead of a container
    address: IPv4Address | IPv6Address | None = None


@dataclass(frozen=True)
class LabPlan:
    """Every host in the order in which it is created: the switch first, the outside last."""

    hosts: tuple[LabHost, ...]
    control: str
    switch: str
    world: str

    def host(self, name: str) -> LabHost:
        """Return a host by name; raise LabError that lists what there is."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise LabError(f"{name}: no such lab host (there are: {' '.join(self.names())})")

    def names(self) -> list[str]:
        """Names of all hosts in creation order."""
        return [host.name for host in self.hosts]


def stable_mac(*names: str) -> str:
    """Return a locally administered MAC that follows from the names (IEEE 802c: bit 1 of the first octet)."""
    digest = hashlib.sha256("/".join(names).encode()).hexdigest()
    return ":".join(["02", *(digest[i : i + 2] for i in range(0, 10, 2))])
