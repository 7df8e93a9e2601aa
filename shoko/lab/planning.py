"""From the declaration and its day-0 files to the plan of the lab."""

from collections.abc import Collection, Mapping
from ipaddress import IPv4Interface, IPv6Interface

from shoko.declaration.model import Declaration, Host, Leg
from shoko.lab.dayzero import Arrival
from shoko.lab.errors import LabError
from shoko.lab.outside.topology import Outside, outside_hosts
from shoko.lab.plan import IFNAME_BYTES, DirectPeer, LabHost, LabLeg, LabPlan, SwitchPort, stable_mac
from shoko.lab.settings import LabSettings
from shoko.ports import switch_port

CONTROL_GROUP = "control"
# The image a managed host starts from, by group: those that must work before any proxy does.
LAYER_OF_GROUP = {"gateways": "gateway", "switches": "switch"}
TUN_LAYERS = {"gateway", "switch"}
VIRTUAL_LAYER = "virtual"


def plan_from_declaration(
    declaration: Declaration,
    arrivals: Mapping[str, Arrival],
    settings: LabSettings,
    outside: Outside,
    virtual: Collection[str] = (),
) -> LabPlan:
    """Return the plan: managed hosts from the declaration, and the outside world around them.

    `arrivals` holds each managed host's day-0 content by name; `virtual` names those that are machines with a kernel of
    their own.
    """
    if len(declaration.switches) != 1:
        raise LabError(f"{settings.site}: the lab needs exactly one switch, {len(declaration.switches)} declared")
    switch = next(iter(declaration.switches))
    _check_virtual(declaration, virtual)
    control = _control(declaration)
    managed = [
        LabHost(
            name=host.name,
            layer=VIRTUAL_LAYER if host.name in virtual else _layer(host),
            zone=declaration.segments[host.manage_leg.segment].zone,
            legs=() if host.name == switch else tuple(_legs(declaration, host, switch)),
            managed=True,
            files=arrivals[host.name].files,
            links=arrivals[host.name].links,
            tun=_layer(host) in TUN_LAYERS,
            virtual=host.name in virtual,
            address=host.manage_leg.ipv4 or host.manage_leg.ipv6,
        )
        for host in declaration.hosts.values()
    ]
    managed.sort(key=lambda host: host.name != switch)  # stable: the switch first, the rest as declared
    world, others = outside_hosts(declaration, switch, outside)
    return LabPlan(tuple(managed + others), control=control, switch=switch, world=world)


def _control(declaration: Declaration) -> str:
    hosts = declaration.group(CONTROL_GROUP)
    if not hosts:
        raise LabError(f"no host of the site is in the group {CONTROL_GROUP}: nothing could manage the others")
    return hosts[0].name


def _check_virtual(declaration: Declaration, virtual: Collection[str]) -> None:
    for name in virtual:
        if name not in declaration.hosts:
            raise LabError(f"--virtual {name}: no such host (there are: {' '.join(declaration.hosts)})")
        if _layer(declaration.hosts[name]) != "base":
            raise LabError(
                f"--virtual {name}: gateways and switches run in containers, the image has their parts only there"
            )


def _layer(host: Host) -> str:
    return next((LAYER_OF_GROUP[group] for group in host.groups if group in LAYER_OF_GROUP), "base")


def _legs(declaration: Declaration, host: Host, switch: str) -> list[LabLeg]:
    legs = []
    for leg in host.legs:
        segment = declaration.segments[leg.segment]
        if segment.vlan is None:  # a tunnel: the host makes that interface itself
            continue
        legs.append(
            LabLeg(
                name=_checked(host, leg.interface),
                plug=SwitchPort(switch, switch_port(host.name, leg.interface)),
                mac=leg.mac or stable_mac(host.name, leg.interface),
                segment=leg.segment,
                addresses=_addresses(declaration, leg),
            )
        )
    sync = declaration.gateways.sync
    if host.name in sync.addresses:
        peers = [name for name in sync.addresses if name != host.name]
        legs += [
            LabLeg(
                name=_checked(host, sync.interface),
                plug=DirectPeer(peer, sync.interface),
                mac=stable_mac(host.name, sync.interface),
                segment="sync",
                addresses=(IPv4Interface(f"{sync.addresses[host.name]}/{sync.ipv4.prefixlen}"),),
            )
            for peer in peers[:1]
        ]
    return legs


def _checked(host: Host, interface: str) -> str:
    if len(interface.encode()) > IFNAME_BYTES:
        raise LabError(f"{host.name}: interface name {interface} is longer than {IFNAME_BYTES} bytes")
    return interface


def _addresses(declaration: Declaration, leg: Leg) -> tuple[IPv4Interface | IPv6Interface, ...]:
    segment = declaration.segments[leg.segment]
    found: list[IPv4Interface | IPv6Interface] = []
    if leg.ipv4 is not None and segment.ipv4 is not None:
        found.append(IPv4Interface(f"{leg.ipv4}/{segment.ipv4.prefixlen}"))
    if leg.ipv6 is not None and segment.ipv6 is not None:
        found.append(IPv6Interface(f"{leg.ipv6}/{segment.ipv6.prefixlen}"))
    return tuple(found)
