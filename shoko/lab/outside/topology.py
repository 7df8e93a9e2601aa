"""Who stands outside and how they are wired.

`world` is the internet: it routes between the site's line, the citizens', the vendor's and the attacker's
wires, and the patron network's own line. Private prefixes end there, as at any provider.
"""

from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface

from shoko.declaration.model import Declaration, External, Segment
from shoko.lab.errors import LabError
from shoko.lab.outside import client, world
from shoko.lab.outside.wire import Interface, Wire, line_segment, routes_to_site, wire
from shoko.lab.plan import Bind, LabHost, LabLeg, SwitchPort, WorldPort, stable_mac
from shoko.ports import line_port

WORLD = "world"
UPLINK = "line"  # the world's leg on the site's line
CLIENT_LEG = "wan"
MIRROR = "/srv/mirror"


@dataclass(frozen=True)
class Outside:
    """What the world is given: the mirror's folder, its web sites' certificate and key (PEM)."""

    mirror: str
    pair: tuple[str, str]


def outside_hosts(declaration: Declaration, switch: str, outside: Outside) -> tuple[str, list[LabHost]]:
    """Return the name of the world and every outside host, the world first."""
    if WORLD not in declaration.external:
        raise LabError(f"the site declares no external {WORLD}: the lab has no internet to stand on")
    line = line_segment(declaration)
    wires = [wire(party) for party in declaration.external.values() if party.name != WORLD]
    hosts = [_world(declaration, switch, line, wires, outside)]
    services = declaration.external[WORLD]
    hosts += [_client(declaration.external[item.party], item, services) for item in wires]
    return WORLD, hosts


def _world(declaration: Declaration, switch: str, line: Segment, wires: list[Wire], outside: Outside) -> LabHost:
    prefixes = {"ipv4": line.ipv4, "ipv6": line.ipv6}
    on_line: list[Interface] = []
    for family, address in line.router.items():
        prefix = prefixes[family]
        if prefix is not None:
            text = f"{address}/{prefix.prefixlen}"
            on_line.append(IPv4Interface(text) if family == "ipv4" else IPv6Interface(text))
    uplink = LabLeg(
        name=UPLINK,
        plug=SwitchPort(switch, line_port(line.interface)),
        mac=stable_mac(WORLD, UPLINK),
        segment=line.name,
        addresses=tuple(on_line),
    )
    files = world.files(declaration, uplink, wires, routes_to_site(declaration, line), outside.pair)
    own = declaration.external[WORLD]
    return LabHost(
        name=WORLD,
        layer="outside",
        zone=own.zone,
        legs=(uplink,),
        managed=False,
        files=tuple(files),
        links=tuple(world.links()),
        binds=(Bind(outside.mirror, MIRROR),),
        tun=True,
        address=own.ipv4.ip if own.ipv4 else None,
    )


def _client(external: External, item: Wire, services: External) -> LabHost:
    leg = LabLeg(
        name=CLIENT_LEG,
        plug=WorldPort(item.party),
        mac=stable_mac(item.party, CLIENT_LEG),
        segment=external.zone,
        addresses=item.own,
    )
    return LabHost(
        name=item.party,
        layer="outside",
        zone=external.zone,
        legs=(leg,),
        managed=False,
        files=tuple(client.files(leg, item.router, services)),
        links=(),
        tun=True,
        address=item.own[0].ip,
    )
