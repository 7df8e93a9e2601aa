"""The slice's `firewall`: everything that the ruleset template of a host or a gateway needs."""

from __future__ import annotations

from shoko.declaration.model import Declaration, Host, Leg, Network
from shoko.policy import rules
from shoko.policy.errors import PolicyError
from shoko.policy.expand import Pass
from shoko.policy.permits import permits
from shoko.policy.prefixes import FAMILIES, collapse, inside, internet, prefix_of, subtract
from shoko.policy.rules import Json, text
from shoko.policy.special import SPECIAL_USE_IPV4, SPECIAL_USE_IPV6
from shoko.policy.view import View, addresses
from shoko.policy.wiring import way_out


def firewall(view: View, host: Host, vrrp: list[Json]) -> Json:
    """Return the firewall part of a host's slice; of a gateway also forwarding, translation, session sync."""
    declaration = view.declaration
    gateway = host.name in declaration.gateways.hosts
    mine = {id(item): item for item, _leg in (*view.outgoing(host.name), *view.incoming(host.name))}
    concerned = view.passes if gateway else tuple(mine.values())
    outward = [] if gateway else _outward(view, host)
    result: Json = {
        "gateway": gateway,
        "input": rules.inputs(declaration, concerned, host.name),
        "output": rules.outputs(declaration, concerned, host.name),
        "permits": permits(declaration, concerned, host),
        "legs_bind": _bound(view, host),
        "own": _own_of_gateway(declaration, host) if gateway else [_own_of_leg(view, host, leg) for leg in host.legs],
        "internet": _internet(view, concerned, outward),
        "outward": outward,
        "windows": rules.windows(
            declaration, (item for item in concerned if not gateway or item.routed or id(item) in mine)
        ),
        "vrrp": [{"interface": one["interface"], "local": one["local"], "peers4": one["peers"]} for one in vrrp],
        "forward": {"pairs": []},
        "nat": [],
        "sync": None,
        "probe": {"through": []},
    }
    if gateway:
        result["forward"] = {"pairs": rules.pairs(declaration, view.passes)}
        result["nat"] = _nat(view)
        result["sync"] = _sync(declaration, host)
        result["probe"] = {"through": _probes(declaration)}
    return result


def _bound(view: View, host: Host) -> list[Json]:
    """Addresses that a leg answers to: its own and the shared ones it may hold (strong host model)."""
    declaration = view.declaration
    bound: list[Json] = []
    for leg in host.legs:
        own = addresses(leg.ipv4, leg.ipv6)
        if host.name in declaration.gateways.hosts:
            own += addresses(*(declaration.gateway_vip(leg.segment, family) for family in FAMILIES))
        for vip in view.vips_held(host):
            if vip.segment == leg.segment:
                own += addresses(vip.ipv4, vip.ipv6)
        bound.append({"interface": leg.interface, "addresses": own})
    if host.name in declaration.gateways.hosts:
        sync = declaration.gateways.sync
        bound.append({"interface": sync.interface, "addresses": [str(sync.addresses[host.name])]})
    return bound


def _own_of_leg(view: View, host: Host, leg: Leg) -> Json:
    """Sources that may come in on a host's leg: its segment, and the far ends of its flows."""
    segment = view.declaration.segments[leg.segment]
    prefixes: list[Network] = [prefix for family in FAMILIES if (prefix := prefix_of(segment, family)) is not None]
    for item, sending in view.outgoing(host.name):
        if sending == leg:
            prefixes.extend(item.destinations)
    for item, answering in view.incoming(host.name):
        if answering == leg:
            prefixes.extend(item.sources)
    return {"interface": leg.interface, "prefixes": [text(one) for one in collapse(prefixes)], "complement": False}


def _own_of_gateway(declaration: Declaration, host: Host) -> list[Json]:
    """Sources that belong to each interface; of a line, what does NOT (`complement`): ours and special-use."""
    own: list[Json] = []
    for segment in declaration.segments.values():
        if segment.own_uplink:
            continue
        here = [prefix for family in FAMILIES if (prefix := prefix_of(segment, family)) is not None]
        outside = declaration.zones[segment.zone].outside
        prefixes = _never_from_line(declaration, here) if outside else collapse(here)
        own.append({"interface": segment.interface, "prefixes": [text(one) for one in prefixes], "complement": outside})
    sync = declaration.gateways.sync
    own.append({"interface": sync.interface, "prefixes": [str(sync.ipv4)], "complement": False})
    return own


def _never_from_line(declaration: Declaration, line: list[Network]) -> tuple[Network, ...]:
    """Sources that no honest packet from the internet carries: our prefixes and special-use ones that are not it."""
    never: list[Network] = []
    for family in FAMILIES:
        allowed = [*internet(declaration, family), *(one for one in line if one.version == (4, 6)[family == "ipv6"])]
        special: tuple[Network, ...] = SPECIAL_USE_IPV4 if family == "ipv4" else SPECIAL_USE_IPV6
        never.extend(subtract((*special, *inside(declaration, family)), allowed))
    return tuple(never)


def _outward(view: View, host: Host) -> list[Json]:
    """Legs with a default route, with the pair of zones that stands in the log when the host stops what goes out."""
    return [
        {
            "interface": leg.interface,
            "family": family,
            "from": view.declaration.segments[leg.segment].zone,
            "to": zone,
        }
        for leg in host.legs
        for family in FAMILIES
        if (zone := way_out(view, host, leg, family)) is not None
    ]


def _internet(view: View, concerned: tuple[Pass, ...], outward: list[Json]) -> Json:
    """The internet's prefixes per family, where a rule of this host uses them: the template makes one set of each."""
    used: set[object] = {item.family for item in concerned if "internet" in (item.source.name, item.destination.name)}
    used.update(way["family"] for way in outward)
    return {
        family: [text(one) for one in internet(view.declaration, family)] if family in used else []
        for family in FAMILIES
    }


def _nat(view: View) -> list[Json]:
    """Translations: the addresses from which a group may go out by a line, to the gateways' shared address on it."""
    declaration = view.declaration
    result: list[Json] = []
    for entry in declaration.nat:
        segment = declaration.segments[entry.out]
        shared = declaration.gateway_vip(entry.out, entry.family)
        members = {host.name for host in declaration.group(entry.group)}
        sources = [
            text(one)
            for one in rules.ordered(
                prefix
                for item in view.passes
                if item.family == entry.family and item.source.host in members and item.destination.segment == entry.out
                for prefix in item.sources
            )
        ]
        if shared is None or not sources:
            raise PolicyError(f"nat {entry.group} -> {entry.out}: no {entry.family} address to translate from or to")
        result.append({"family": entry.family, "source": sources, "out": segment.interface, "to": str(shared)})
    return result


def _sync(declaration: Declaration, host: Host) -> Json:
    sync = declaration.gateways.sync
    peer = next(address for name, address in sync.addresses.items() if name != host.name)
    return {"interface": sync.interface, "local": str(sync.addresses[host.name]), "peer": str(peer)}


def _probes(declaration: Declaration) -> list[str]:
    """One managed host of every inner zone that is reached through the gateways, by inventory name."""
    chosen: dict[str, str] = {}
    for host in declaration.hosts.values():
        leg = host.manage_leg
        zone = declaration.segments[leg.segment].zone
        if host.name not in declaration.gateways.hosts and leg.segment != declaration.gateways.manage:
            chosen.setdefault(zone, host.name)
    return [chosen[zone] for zone in declaration.zones if zone in chosen]
