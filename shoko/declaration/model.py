"""What a site declares, as plain typed values.

The loader (`shoko.declaration.load`) builds these from `inventories/<site>/declaration/*.yml` after the schema and
the checks have passed, so that whoever holds a `Declaration` holds a consistent one. Nothing here computes rules:
the two expansions (`shoko.policy` for rendering, `shoko.proof` for proving) each do so on their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Literal
from zoneinfo import ZoneInfo

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Family = Literal["ipv4", "ipv6"]


@dataclass(frozen=True)
class Text:
    """A text for people, in both languages of the product."""

    ja: str
    en: str


@dataclass(frozen=True)
class Segment:
    """One layer-2 network. `name` is "zone.segment", unique over the declaration."""

    name: str
    zone: str
    key: str
    interface: str  # name of the gateways' interface in it, <= 15 bytes
    ipv4: IPv4Network | None
    ipv6: IPv6Network | None
    vlan: int | None  # None: no port of the switch (a tunnel or a line of its own)
    tunnel: Literal["wireguard"] | None = None
    own_uplink: bool = False  # a line of its own to the internet, at no gateway of ours
    library: str | None = None
    open_population: bool = False  # undeclared devices may stand here: as an end it means its prefix
    router: Mapping[Family, Address] = field(default_factory=dict)  # the provider's side of the line


@dataclass(frozen=True)
class Zone:
    """Segments under one policy. `outside` zones are not ours: hosts in them are `external`."""

    name: str
    title: Text
    control: str
    outside: bool
    includes: tuple[Network, ...]  # special-use prefixes that count as internet here (labs)
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Leg:
    """One interface of a host in one segment. `interface` is its name on the host."""

    host: str
    interface: str
    segment: str
    ipv4: IPv4Address | None
    ipv6: IPv6Address | None
    manage: bool
    mac: str | None = None
    path: str | None = None  # udev ID_PATH, where the MAC is not known beforehand


@dataclass(frozen=True)
class Host:
    """A machine that Shoko manages. Groups decide its roles; it may have several."""

    name: str
    groups: tuple[str, ...]
    legs: tuple[Leg, ...]

    @property
    def manage_leg(self) -> Leg:
        """The leg over which it is managed: the loader guarantees exactly one."""
        return next(leg for leg in self.legs if leg.manage)

    def leg(self, interface: str) -> Leg:
        """The leg with that interface name; KeyError if there is none."""
        for leg in self.legs:
            if leg.interface == interface:
                return leg
        raise KeyError(interface)


@dataclass(frozen=True)
class External:
    """A party outside; declared so that tests and proofs know where it stands."""

    name: str
    zone: str
    ipv4: IPv4Interface | None
    ipv6: IPv6Interface | None


@dataclass(frozen=True)
class Person:
    """Somebody who may come in over the VPN: exactly one peer, and an account where there is an `ssh_key`."""

    name: str
    title: Text
    kind: Literal["vendor", "staff"]
    ipv4: IPv4Address | None
    ipv6: IPv6Address | None
    public_key: str  # WireGuard, base64; or "lab": made by the lab, outside git
    ssh_key: str | None = None  # OpenSSH's form without a comment; or "lab"
    until: date | None = None  # the last day, in the site's time zone


@dataclass(frozen=True)
class UsbPolicy:
    """Device control of a group's hosts."""

    group: str
    media: Literal["never", "registered"]
    spare_keyboard: bool
    control: str


@dataclass(frozen=True)
class UsbDevice:
    """A registered USB device. Numbers are four hexadecimal digits, interfaces "class:subclass:protocol"."""

    name: str
    title: Text
    vendor: str
    product: str
    serial: str | None  # None: the device has none, and one that shows a serial is not it
    interfaces: tuple[str, ...]
    keyboard: bool  # a person types on it, which interfaces do not tell: a scanner has the same
    media: Literal["ro", "rw"] | None  # storage only
    groups: tuple[str, ...]
    hosts: tuple[str, ...]
    owner: str

    @property
    def storage(self) -> bool:
        """Whether any of its functions is mass storage (USB class 08)."""
        return any(interface.startswith("08:") for interface in self.interfaces)

    def at(self, host: Host) -> bool:
        """Whether a host accepts it."""
        return host.name in self.hosts or any(group in host.groups for group in self.groups)


@dataclass(frozen=True)
class Vip:
    """An address that moves between the hosts of a group by VRRP."""

    name: str
    segment: str
    ipv4: IPv4Address | None
    ipv6: IPv6Address | None
    held_by: str


@dataclass(frozen=True)
class Sync:
    """The cable between the gateways over which connection tracking is replicated."""

    ipv4: IPv4Network
    interface: str
    addresses: Mapping[str, IPv4Address]


@dataclass(frozen=True)
class Gateways:
    """The redundant gateways. `vip` and `last` are the last part of each prefix."""

    hosts: tuple[str, ...]
    vip: int
    last: Mapping[str, int]
    manage: str
    sync: Sync


@dataclass(frozen=True)
class Port:
    """One protocol and destination port of a service."""

    protocol: Literal["tcp", "udp"]
    number: int


@dataclass(frozen=True)
class Service:
    """What a flow carries: never empty."""

    name: str
    ports: tuple[Port, ...]


@dataclass(frozen=True)
class Selector:
    """One end of a flow, as written. Exactly one of the first seven is set.

    `gateway` names a segment key of an outside zone's line, where the gateways' shared address answers.
    `leg` is an interface name, needed where a host of the selection has several; `as_users` restricts the
    sending processes (system users) and counts only on the `from` side.
    """

    zone: str | None = None
    group: str | None = None
    host: str | None = None
    vip: str | None = None
    person: str | None = None
    gateway: str | None = None
    managed: bool = False
    segments: tuple[str, ...] = ()
    leg: str | None = None
    as_users: tuple[str, ...] = ()


@dataclass(frozen=True)
class Why:
    """The reason of a flow: a control of the catalogue, or an operation in words."""

    control: str | None
    operation: str | None


@dataclass(frozen=True)
class Window:
    """When a flow exists: between two instants, or while somebody has opened it by command."""

    start: datetime | None
    end: datetime | None
    by_command: bool
    longest: timedelta | None


@dataclass(frozen=True)
class Flow:
    """Who may open connections to whom, and why."""

    name: str
    number: int  # connection-tracking mark; stable, never reused
    source: Selector
    destination: Selector
    services: tuple[str, ...]
    why: Why
    owner: str
    platform: bool
    families: tuple[Family, ...] | None = None  # None: all that both ends have
    via_sites: tuple[str, ...] = ()
    window: Window | None = None
    expires: datetime | None = None


@dataclass(frozen=True)
class Expectation:
    """A sentence that must hold: `only` these sources, or `never` from here to there."""

    name: str
    kind: Literal["only", "never"]
    sources: tuple[Selector, ...]
    destination: Selector | None  # None with kind `never`: anything declared
    services: tuple[str, ...] | None
    except_as: Selector | None = None


@dataclass(frozen=True)
class Nat:
    """The translation of a group's source addresses to the shared address of a line."""

    group: str
    out: str
    family: Family
    control: str


@dataclass(frozen=True)
class Site:
    """A named site outside that a proxy may reach."""

    name: str
    title: Text
    domains: tuple[str, ...]
    ports: tuple[int, ...]
    control: str


@dataclass(frozen=True)
class Library:
    """A library (館)."""

    name: str
    title: Text


@dataclass(frozen=True)
class PublicName:
    """Names under which people reach a VIP; the first is the canonical one."""

    key: str
    vip: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Apart:
    """Two zones between which no packet may be declared."""

    zones: tuple[str, str]
    control: str


@dataclass(frozen=True)
class Policies:
    """What the site as a whole has decided."""

    maintenance_access: Literal["vpn", "onsite"]
    tls_minimum: Literal["1.2", "1.3"]
    certificates: Literal["also", "only"]
    longest_account: timedelta
    apart: tuple[Apart, ...]


@dataclass(frozen=True)
class Updates:
    """Where Debian packages come from, and which `sites` entry lets the proxy reach it."""

    archive: str
    security: str
    site: str


@dataclass(frozen=True)
class Declaration:
    """A whole site. `digest` is the SHA-256 (hex) of its canonical form."""

    key: str
    title: Text
    timezone: str
    domain: str
    internal_domain: str
    owners: Mapping[str, Text]
    libraries: Mapping[str, Library]
    names: Mapping[str, PublicName]
    policies: Policies
    upstream_dns: tuple[Address, ...]
    upstream_ntp: tuple[Address, ...]
    sites: Mapping[str, Site]
    updates: Updates
    zones: Mapping[str, Zone]
    segments: Mapping[str, Segment]  # by "zone.segment"
    gateways: Gateways
    switches: Mapping[str, str]  # host -> driver
    nat: tuple[Nat, ...]
    hosts: Mapping[str, Host]
    usb_policies: Mapping[str, UsbPolicy]  # by group
    usb_devices: Mapping[str, UsbDevice]
    vips: Mapping[str, Vip]  # declared ones; the gateways' follow from `gateways`
    external: Mapping[str, External]
    people: Mapping[str, Person]
    revoked_keys: tuple[str, ...]
    services: Mapping[str, Service]
    flows: Mapping[str, Flow]  # flows and platform flows, in declared order
    expect: Mapping[str, Expectation]
    digest: str

    def group(self, name: str) -> tuple[Host, ...]:
        """The hosts of a group in declared order; empty if there is no such group."""
        return tuple(host for host in self.hosts.values() if name in host.groups)

    def usb_policy(self, host: Host) -> UsbPolicy | None:
        """The device control of a host; None where there is none."""
        return next((self.usb_policies[group] for group in host.groups if group in self.usb_policies), None)

    def end_of(self, person: Person) -> datetime | None:
        """The instant from which a person may no longer log in; None without an end."""
        if person.until is None:
            return None
        return datetime.combine(person.until + timedelta(days=1), time(), ZoneInfo(self.timezone))

    def gateway_vip(self, segment: str, family: Family) -> Address | None:
        """The shared address of the gateways in a segment, None where the segment lacks the family."""
        prefix = self.segments[segment].ipv4 if family == "ipv4" else self.segments[segment].ipv6
        return None if prefix is None else prefix.network_address + self.gateways.vip
