"""Turns the plain values of a declaration, whose shape was checked, into the typed model.

Names are not resolved here: a leg may still name a segment that does not exist. The checks see to that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any

from shoko.declaration import model
from shoko.declaration.shape import parse_day, parse_instant

Raw = Mapping[str, Any]
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def digest(tree: Raw) -> str:
    """SHA-256 (hex) of the declaration's content, whatever file a key stands in; the order inside a key counts."""
    ordered = {key: tree[key] for key in sorted(tree)}
    text = json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def build(tree: Raw) -> model.Declaration:
    """The typed declaration."""
    site = tree["site"]
    policies = tree["policies"]
    zones = {name: _zone(name, raw) for name, raw in tree["zones"].items()}
    segments = {segment.name: segment for zone in zones.values() for segment in zone.segments}
    gateways = _gateways(tree["gateways"])
    numbers = tree["numbers"]
    flows = {
        name: _flow(name, raw, numbers.get(name, 0), platform=key == "platform")
        for key in ("flows", "platform")
        for name, raw in tree.get(key, {}).items()
    }
    return model.Declaration(
        key=site["key"],
        title=_text(site["name"]),
        timezone=site["timezone"],
        domain=site["domain"],
        internal_domain=site["internal_domain"],
        owners={name: _text(raw) for name, raw in tree["owners"].items()},
        libraries={name: model.Library(name, _text(raw["name"])) for name, raw in tree.get("libraries", {}).items()},
        names={
            key: model.PublicName(key, raw["vip"], tuple(raw["names"])) for key, raw in tree.get("names", {}).items()
        },
        policies=model.Policies(
            maintenance_access=policies["maintenance_access"],
            tls_minimum=policies["tls_minimum"],
            certificates=policies.get("certificates", "also"),
            longest_account=timedelta(days=policies.get("longest_account", 366)),
            apart=tuple(model.Apart((raw["zones"][0], raw["zones"][1]), raw["control"]) for raw in policies["apart"]),
        ),
        upstream_dns=tuple(ip_address(text) for text in tree["upstream"]["dns"]),
        upstream_ntp=tuple(ip_address(text) for text in tree["upstream"]["ntp"]),
        sites={
            name: model.Site(name, _text(raw["title"]), tuple(raw["domains"]), tuple(raw["ports"]), raw["control"])
            for name, raw in tree.get("sites", {}).items()
        },
        updates=model.Updates(**tree["updates"]),
        zones=zones,
        segments=segments,
        gateways=gateways,
        switches={name: raw["driver"] for name, raw in tree.get("switches", {}).items()},
        nat=tuple(
            model.Nat(raw["source"]["group"], raw["out"], raw["family"], raw["control"]) for raw in tree.get("nat", ())
        ),
        hosts={
            name: _host(name, raw, gateways, segments, tree["gateways"].get("nics", {}))
            for name, raw in tree["hosts"].items()
        },
        usb_policies={
            group: model.UsbPolicy(group, raw["media"], raw["spare_keyboard"], raw["control"])
            for group, raw in tree.get("usb", {}).get("groups", {}).items()
        },
        usb_devices={name: _usb_device(name, raw) for name, raw in tree.get("usb", {}).get("devices", {}).items()},
        vips={
            name: model.Vip(name, raw["segment"], *_addresses(raw), raw["held_by"])
            for name, raw in tree.get("vips", {}).items()
        },
        external={
            name: model.External(
                name,
                raw["zone"],
                IPv4Interface(raw["ipv4"]) if "ipv4" in raw else None,
                IPv6Interface(raw["ipv6"]) if "ipv6" in raw else None,
            )
            for name, raw in tree.get("external", {}).items()
        },
        people={name: _person(name, raw) for name, raw in tree.get("people", {}).items()},
        revoked_keys=tuple(tree.get("revoked_keys", ())),
        services={name: _service(name, raw) for name, raw in tree["services"].items()},
        flows=flows,
        expect={name: _expectation(name, raw) for name, raw in tree.get("expect", {}).items()},
        digest=digest(tree),
    )


def _person(name: str, raw: Raw) -> model.Person:
    return model.Person(
        name,
        _text(raw["title"]),
        raw["kind"],
        *_addresses(raw),
        raw["public_key"],
        raw.get("ssh_key"),
        parse_day(raw["until"]) if "until" in raw else None,
    )


def _usb_device(name: str, raw: Raw) -> model.UsbDevice:
    return model.UsbDevice(
        name=name,
        title=_text(raw["title"]),
        vendor=raw["vendor"],
        product=raw["product"],
        serial=raw.get("serial"),
        interfaces=tuple(raw["interfaces"]),
        keyboard=raw.get("keyboard", False),
        media=raw.get("media"),
        groups=tuple(place["group"] for place in raw["at"] if "group" in place),
        hosts=tuple(place["host"] for place in raw["at"] if "host" in place),
        owner=raw["owner"],
    )


def interface_name(zone: str, segment: str, raw: Raw) -> str:
    """The gateways' interface in a segment: as written, or the zone, or zone-segment."""
    written = raw.get("interface")
    if written is not None:
        return str(written)
    return zone if segment == "servers" or raw.get("alone") else f"{zone}-{segment}"


def _text(raw: Raw) -> model.Text:
    return model.Text(raw["ja"], raw["en"])


def _addresses(raw: Raw) -> tuple[IPv4Address | None, IPv6Address | None]:
    return (
        IPv4Address(raw["ipv4"]) if "ipv4" in raw else None,
        IPv6Address(raw["ipv6"]) if "ipv6" in raw else None,
    )


def _zone(name: str, raw: Raw) -> model.Zone:
    alone = len(raw["segments"]) == 1
    return model.Zone(
        name=name,
        title=_text(raw["title"]),
        control=raw["control"],
        outside=raw.get("outside", False),
        includes=tuple(ip_network(text) for text in raw.get("includes", ())),
        segments=tuple(_segment(name, key, {**segment, "alone": alone}) for key, segment in raw["segments"].items()),
    )


def _segment(zone: str, key: str, raw: Raw) -> model.Segment:
    return model.Segment(
        name=f"{zone}.{key}",
        zone=zone,
        key=key,
        interface=interface_name(zone, key, raw),
        ipv4=IPv4Network(raw["ipv4"]) if "ipv4" in raw else None,
        ipv6=IPv6Network(raw["ipv6"]) if "ipv6" in raw else None,
        vlan=raw.get("vlan"),
        tunnel=raw.get("tunnel"),
        own_uplink=raw.get("uplink") == "own",
        library=raw.get("library"),
        open_population=raw.get("population") == "open",
        router={family: ip_address(text) for family, text in raw.get("router", {}).items()},
    )


def _gateways(raw: Raw) -> model.Gateways:
    sync = raw["sync"]
    network = IPv4Network(sync["ipv4"])
    return model.Gateways(
        hosts=tuple(raw["hosts"]),
        vip=raw["vip"],
        last=dict(raw["addresses"]),
        manage=raw["manage"],
        sync=model.Sync(
            ipv4=network,
            interface=sync["interface"],
            addresses={host: network.network_address + last for host, last in sync["addresses"].items()},
        ),
    )


def _host(
    name: str, raw: Raw, gateways: model.Gateways, segments: Mapping[str, model.Segment], nics: Raw
) -> model.Host:
    if "legs" in raw or name not in gateways.hosts:
        legs = tuple(_leg(name, interface, leg) for interface, leg in raw.get("legs", {}).items())
    else:
        legs = _gateway_legs(name, gateways, segments, nics.get(name, {}))
    return model.Host(name=name, groups=tuple(raw["groups"]), legs=legs)


def _leg(host: str, interface: str, raw: Raw) -> model.Leg:
    nic = raw.get("nic", {})
    ipv4, ipv6 = _addresses(raw)
    return model.Leg(
        host, interface, raw["segment"], ipv4, ipv6, raw.get("manage", False), nic.get("mac"), nic.get("path")
    )


def _gateway_legs(
    name: str, gateways: model.Gateways, segments: Mapping[str, model.Segment], nics: Raw
) -> tuple[model.Leg, ...]:
    """One leg in every segment that the switch carries, in declared order."""
    last = gateways.last.get(name, 0)
    return tuple(
        model.Leg(
            host=name,
            interface=segment.interface,
            segment=segment.name,
            ipv4=None if segment.ipv4 is None else segment.ipv4.network_address + last,
            ipv6=None if segment.ipv6 is None else segment.ipv6.network_address + last,
            manage=segment.name == gateways.manage,
            mac=nics.get(segment.interface, {}).get("mac"),
            path=nics.get(segment.interface, {}).get("path"),
        )
        for segment in segments.values()
        if segment.vlan is not None
    )


def _service(name: str, raw: Raw) -> model.Service:
    ports = [model.Port("tcp", number) for number in raw.get("tcp", ())]
    ports += [model.Port("udp", number) for number in raw.get("udp", ())]
    return model.Service(name, tuple(ports))


def _selector(raw: Raw) -> model.Selector:
    return model.Selector(
        zone=raw.get("zone"),
        group=raw.get("group"),
        host=raw.get("host"),
        vip=raw.get("vip"),
        person=raw.get("person"),
        gateway=raw.get("gateway"),
        managed=raw.get("managed", False),
        segments=tuple(raw.get("segments", ())),
        leg=raw.get("leg"),
        as_users=tuple(raw.get("as", ())),
    )


def _window(raw: Raw) -> model.Window:
    longest = raw.get("longest")
    return model.Window(
        start=parse_instant(raw["from"]) if "from" in raw else None,
        end=parse_instant(raw["to"]) if "to" in raw else None,
        by_command=raw.get("by") == "command",
        longest=timedelta(**{_UNITS[longest[-1]]: int(longest[:-1])}) if longest else None,
    )


def _flow(name: str, raw: Raw, number: int, *, platform: bool) -> model.Flow:
    why = raw["why"]
    return model.Flow(
        name=name,
        number=number,
        source=_selector(raw["from"]),
        destination=_selector(raw["to"]),
        services=tuple(raw["services"]),
        why=model.Why(why, None) if isinstance(why, str) else model.Why(None, why["operation"]),
        owner=raw["owner"],
        platform=platform,
        families=tuple(raw["families"]) if "families" in raw else None,
        via_sites=tuple(raw.get("via", {}).get("sites", ())),
        window=_window(raw["window"]) if "window" in raw else None,
        expires=parse_instant(raw["expires"]) if "expires" in raw else None,
    )


def _expectation(name: str, raw: Raw) -> model.Expectation:
    if "only" in raw:
        only = raw["only"]
        return model.Expectation(
            name=name,
            kind="only",
            sources=tuple(_selector(one) for one in only["from"]),
            destination=_selector(only["to"]),
            services=tuple(only["services"]) if "services" in only else None,
        )
    never = raw["never"]
    return model.Expectation(
        name=name,
        kind="never",
        sources=(_selector(never["from"]),),
        destination=None if never["to"] == "declared" else _selector(never["to"]),
        services=tuple(never["services"]) if "services" in never else None,
        except_as=_selector(never["except"]) if "except" in never else None,
    )
