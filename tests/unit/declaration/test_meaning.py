"""One mistake at a time: the sound site with one thing changed, and the line that this gets."""

import shutil
from pathlib import Path

import pytest

from shoko.declaration import check

SOUND = Path(__file__).parents[2] / "broken" / "sound" / "declaration"

VIP = "opac: {segment: dmz.servers, ipv4: 198.51.100.20, held_by: reverse_proxies}"
WORLD = "world: {zone: internet, ipv4: 192.0.2.2/28}"
ENGINEER = "engineer: {title: {ja: 技術者, en: Engineer}, kind: vendor, ipv4: 10.10.70.21, public_key: lab}"
KEYED = ENGINEER.replace("lab}", '"HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw="}')
SECOND = KEYED.replace("engineer:", "colleague:").replace("70.21", "70.22")
WINDOW = "window: {by: command, longest: 4h}"
LINE = "line: {vlan: 10, ipv4: 203.0.113.0/28, router: {ipv4: 203.0.113.14}, interface: line}"
VPN = "vpn: {tunnel: wireguard, ipv4: 10.10.70.0/24, interface: vpn}"
BAS1 = "legs: {maint: {segment: maintenance.servers, ipv4: 10.10.71.11, manage: true}}"
CTL1 = "mgmt: {segment: management.servers, ipv4: 10.10.80.10, manage: true}"
DMZ = "servers: {vlan: 20, ipv4: 198.51.100.16/28}"

# (file, what stands there, what is written instead), (path, message that must come of it)
CASES = {
    "vip-family": (
        ("hosts", VIP, VIP.replace("held_by", 'ipv6: "2001:db8::20", held_by')),
        ("vips.opac.ipv6", "2001:db8::20 of vip opac: dmz.servers has no ipv6"),
    ),
    "holder-lacks-family": (
        ("hosts", VIP, VIP.replace("held_by", 'ipv6: "2001:db8::20", held_by')),
        ("vips.opac.ipv6", "rp1 has no ipv6 on dmz"),
    ),
    "vip-nowhere": (("hosts", ", ipv4: 198.51.100.20", ""), ("vips.opac", "has no address")),
    "vip-without-ipv4": (
        ("hosts", "ipv4: 198.51.100.20", 'ipv6: "2001:db8::20"'),
        ("vips.opac", "has no ipv4"),
    ),
    "vip-of-gateways": (
        ("hosts", "held_by: reverse_proxies", "held_by: gateways"),
        ("vips.opac.held_by", "the gateways' shared addresses follow from gateways.vip"),
    ),
    "party-nowhere": (("hosts", WORLD, "world: {zone: internet}"), ("external.world", "has no address")),
    "party-in-private-range": (
        ("hosts", "192.0.2.2/28", "10.99.0.2/24"),
        ("external.world.ipv4", "10.99.0.2 is no address of the internet"),
    ),
    "party-beside-its-zone": (
        ("hosts", WORLD, "pt: {zone: patron, ipv4: 203.0.113.80/28}"),
        ("external.pt.ipv4", "203.0.113.80 is not in zone patron"),
    ),
    "party-inside": (("hosts", "zone: internet,", "zone: dmz,"), ("external.world.zone", "zone dmz is not outside")),
    "platform-window": (
        ("flows", "why: V-12,", "why: V-12, window: {by: command, longest: 1h},"),
        ("platform.manage.window", "a window on a platform flow"),
    ),
    "window-both": (
        ("flows", WINDOW, "window: {by: command, longest: 4h, to: 2099-01-01T00:00Z}"),
        ("flows.vendor.window", "by command and with fixed instants"),
    ),
    "window-endless": (("flows", WINDOW, "window: {by: command}"), ("flows.vendor.window", "lacks longest")),
    "window-longest-alone": (
        ("flows", WINDOW, "window: {longest: 4h}"),
        ("flows.vendor.window.longest", "longest without by: command"),
    ),
    "window-without-end": (
        ("flows", WINDOW, "window: {from: 2099-01-01T00:00Z}"),
        ("flows.vendor.window", "lacks to"),
    ),
    "via-no-proxy": (
        (
            "flows",
            "services: [https], families: [ipv4], why: N-08",
            "services: [https], via: {sites: [debian]}, why: N-08",
        ),
        ("flows.citizen.via", "opac is no forward proxy"),
    ),
    "no-family-in-common": (
        ("hosts", "ipv4: 198.51.100.25", 'ipv6: "2001:db8::25"'),
        ("flows.entry-to-ils", "the two ends have no address family in common"),
    ),
    "gateway-without-group": (
        ("hosts", "fw1: {groups: [gateways]}", "fw1: {groups: [monitors]}"),
        ("hosts.fw1.groups", "lacks the group gateways"),
    ),
    "gateway-with-legs": (
        ("hosts", "fw1: {groups: [gateways]}", "fw1: {groups: [gateways], " + BAS1.replace(".11,", ".12,") + "}"),
        ("hosts.fw1.legs", "a gateway's legs follow from `gateways`"),
    ),
    "third-gateway": (
        ("hosts", "[bastions]", "[bastions, gateways]"),
        ("hosts.bas1.groups", "is in group gateways but not in gateways.hosts"),
    ),
    "gateways-managed-by-tunnel": (
        ("network", "manage: management.servers", "manage: maintenance.vpn"),
        ("gateways.manage", "maintenance.vpn is on no switch"),
    ),
    "gateway-card-for-no-interface": (
        ("network", "  vip: 1", "  vip: 1\n  nics: {fw1: {wan: {path: pci-1}}}"),
        ("gateways.nics.fw1.wan", "unknown interface wan"),
    ),
    "host-without-leg": (("hosts", f"[bastions], {BAS1}", "[bastions]"), ("hosts.bas1", "has no leg")),
    "leg-without-address": (("hosts", ", ipv4: 10.10.71.11", ""), ("hosts.bas1.legs.maint", "has no address")),
    "two-legs-in-a-segment": (
        ("hosts", CTL1, f"{CTL1}, two: {{segment: management.servers, ipv4: 10.10.80.11}}"),
        ("hosts.ctl1.legs.two.segment", "management.servers is also the segment of leg mgmt"),
    ),
    "leg-in-the-tunnel": (
        ("hosts", "segment: maintenance.servers, ipv4: 10.10.71.11", "segment: maintenance.vpn, ipv4: 10.10.70.11"),
        ("hosts.bas1.legs.maint.segment", "maintenance.vpn is on no switch"),
    ),
    "leg-outside": (
        ("hosts", "segment: maintenance.servers, ipv4: 10.10.71.11", "segment: internet.line, ipv4: 203.0.113.5"),
        ("hosts.bas1.legs.maint.segment", "internet.line is outside"),
    ),
    "loopback-as-leg": (("hosts", "{maint: {", "{lo: {"), ("hosts.bas1.legs.lo", "lo is the loopback")),
    "databases-alone": (
        ("hosts", "databases, etcd]", "databases]"),
        ("hosts.app1.groups", "databases without etcd"),
    ),
    "no-control-node": (
        ("hosts", "[control, log_collectors]", "[log_collectors]"),
        ("hosts", "0 hosts in group control"),
    ),
    "two-control-nodes": (
        ("hosts", "[bastions]", "[bastions, control]"),
        ("hosts.bas1.groups", "2 hosts in group control"),
    ),
    "public-name-twice": (
        ("site", "names:\n", "names:\n  staff: {vip: opac, names: [opac.library.example]}\n"),
        ("names.opac.names[0]", "opac.library.example is also a name of staff"),
    ),
    "public-name-inside": (
        ("site", "[opac.library.example]", "[opac.town.internal]"),
        ("names.opac.names[0]", "opac.town.internal is in the internal domain"),
    ),
    "flow-named-twice": (("flows", "  manage:", "  counter:"), ("platform.counter", "counter is also a flow")),
    "two-internets": (
        (
            "network",
            "control: N-05\n    outside: true\n    segments:\n",
            "control: N-05\n    outside: true\n    segments:\n"
            "      wan: {vlan: 11, ipv4: 203.0.113.32/28, router: {ipv4: 203.0.113.46}}\n",
        ),
        ("zones.patron", "internet and patron both lead to the internet"),
    ),
    "peer-without-tunnel": (
        ("network", f"      {VPN}\n", ""),
        ("people.engineer", "there is no segment with a tunnel"),
    ),
    "peer-without-address": (("hosts", ", ipv4: 10.10.70.21", ""), ("people.engineer", "has no address")),
    "key-twice": (
        ("hosts", ENGINEER, f"{KEYED}\n  {SECOND}"),
        ("people.colleague.public_key", "is also the key of engineer"),
    ),
    "two-tunnels": (
        ("network", VPN, f"{VPN}\n      vpn-two: {{tunnel: wireguard, ipv4: 10.10.72.0/24, interface: vpn2}}"),
        ("zones.maintenance.segments.vpn-two.tunnel", "a second VPN beside maintenance.vpn"),
    ),
    "segment-by-no-way": (
        ("network", DMZ, DMZ.replace("vlan: 20, ", "")),
        ("zones.dmz.segments.servers", "has neither vlan, tunnel, uplink"),
    ),
    "segment-by-two-ways": (
        ("network", DMZ, DMZ.replace("vlan: 20", "vlan: 20, uplink: own")),
        ("zones.dmz.segments.servers", "has more than one of vlan, tunnel, uplink"),
    ),
    "own-line-inside": (
        ("network", DMZ, DMZ.replace("vlan: 20", "uplink: own")),
        ("zones.dmz.segments.servers.uplink", "a line of its own in a zone of ours"),
    ),
    "segment-without-prefix": (
        ("network", DMZ, "servers: {vlan: 20}"),
        ("zones.dmz.segments.servers", "has no prefix"),
    ),
    "line-without-router": (
        ("network", "router: {ipv4: 203.0.113.14}, ", ""),
        ("zones.internet.segments.line", "lacks router"),
    ),
    "router-elsewhere": (
        ("network", "{ipv4: 203.0.113.14}", "{ipv4: 203.0.113.30}"),
        ("zones.internet.segments.line.router.ipv4", "203.0.113.30 is not in 203.0.113.0/28"),
    ),
    "nat-inwards": (
        ("network", "out: internet.line", "out: dmz.servers"),
        ("nat[0].out", "dmz.servers is not outside"),
    ),
    "segments-of-a-group": (
        ("flows", "to: {group: bastions}", "to: {group: bastions, segments: [servers]}"),
        ("flows.vendor.to.segments", "segments of a group"),
    ),
    "users-of-a-zone": (
        ("flows", "{zone: business, segments: [main]}", "{zone: business, segments: [main], as: [ils]}"),
        ("flows.counter.from.as", "system users of something that is not a managed host"),
    ),
    "users-of-a-party": (
        ("flows", "from: {zone: internet}", "from: {host: world, as: [ils]}"),
        ("flows.citizen.from.as", "system users of world, which is not managed"),
    ),
    "leg-of-a-vip": (
        ("flows", "to: {vip: opac}", "to: {vip: opac, leg: dmz}"),
        ("flows.citizen.to.leg", "a leg of vip opac leg dmz"),
    ),
    "leg-of-a-zone": (
        ("flows", "from: {zone: internet}", "from: {zone: internet, leg: dmz}"),
        ("flows.citizen.from.leg", "a leg of zone internet leg dmz"),
    ),
    "leg-of-a-gateway-that-sends": (
        ("flows", "from: {zone: internet}", "from: {host: fw1, leg: dmz}"),
        ("flows.citizen.from.leg", "leg dmz of gateway fw1"),
    ),
    "gateway-asked-from-afar": (
        ("flows", "to: {host: app1, leg: business}, services: [https]", "to: {host: fw1}, services: [ssh]"),
        ("flows.counter.to", "gateway fw1 answers only in management.servers, where business.main does not stand"),
    ),
    "interface-called-manage": (
        ("hosts", BAS1, BAS1.replace("maint:", "manage:")),
        ("hosts.bas1.legs.manage", "an interface called manage"),
    ),
    "two-legs-in-a-zone": (
        (
            "hosts",
            BAS1,
            BAS1[:-1] + ", biz: {segment: business.servers, ipv4: 10.10.40.30}, "
            "two: {segment: business.second, ipv4: 10.10.43.30}}",
        ),
        ("flows.counter.from", "bas1 has 2 legs in zone business and none is named"),
    ),
}

# What else must stand in the other files for a case to be about one thing.
BESIDE = {
    "two-legs-in-a-zone": [
        ("network", "      main: {vlan: 41", "      second: {vlan: 43, ipv4: 10.10.43.0/24}\n      main: {vlan: 41"),
        ("flows", "{zone: business, segments: [main]}", "{zone: business}"),
    ],
}


@pytest.mark.parametrize("case", CASES)
def test_mistake_gets_its_line(case: str, tmp_path: Path) -> None:
    edit, expected = CASES[case]
    directory = tmp_path / "declaration"
    shutil.copytree(SOUND, directory)
    for file, old, new in [edit, *BESIDE.get(case, [])]:
        path = directory / f"{file}.yml"
        text = path.read_text(encoding="utf-8")
        assert old in text, "the sound site has changed: this case changes nothing"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    told = [(problem.path, problem.message) for problem in check(tmp_path)]
    assert expected in told
