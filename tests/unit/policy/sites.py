"""Small sites to expand: one written out, and variations of it."""

import copy
from typing import Any

from shoko.declaration.build import build
from shoko.declaration.model import Declaration

Tree = dict[str, Any]


def _text(word: str) -> dict[str, str]:
    return {"ja": word, "en": word}


def _zone(control: str, **segments: Any) -> Tree:
    return {"title": _text(control), "control": control, "segments": segments}


def _segment(vlan: int, **more: Any) -> Tree:
    return {"vlan": vlan, "ipv4": f"10.10.{vlan}.0/24", "ipv6": f"fd5e:c0:0:{vlan}::/64", **more}


def leg(segment: str, vlan: int, last: int, **more: Any) -> Tree:
    """Return a leg in a segment of `small`: both families, the same last part."""
    return {"segment": segment, "ipv4": f"10.10.{vlan}.{last}", "ipv6": f"fd5e:c0:0:{vlan}::{last}", **more}


def flow(source: Tree, destination: Tree, *services: str, **more: Any) -> Tree:
    """Return a flow with a reason."""
    return {"from": source, "to": destination, "services": list(services), "why": "N-03", "owner": "office", **more}


def small() -> Tree:
    """Return a complete small site: six zones, eight hosts, every kind of flow end."""
    managed = {"manage": True}
    flows = {
        "citizen": flow({"zone": "internet"}, {"vip": "opac"}, "https"),
        "entry": flow({"group": "reverse_proxies"}, {"group": "ils_servers", "leg": "webopac"}, "ils-public"),
        "counter": flow({"zone": "business", "segments": ["floor"]},
                        {"host": "app1", "leg": "business"}, "https"),
        "data": flow({"group": "ils_servers", "leg": "business", "as": ["ils-public"]}, {"group": "databases"},
                     "postgresql"),
        "cluster": flow({"group": "databases"}, {"group": "databases"}, "etcd"),
        "names": flow({"zone": "business", "segments": ["floor"]}, {"group": "forward_proxies"}, "dns"),
        "out": flow({"group": "forward_proxies"}, {"zone": "internet"}, "dns", families=["ipv4"]),
        "fetch": flow({"zone": "business", "segments": ["floor"]}, {"vip": "proxy"}, "proxy", via={"sites": ["paper"]}),
        "visit": flow({"host": "tb1"}, {"host": "db1"}, "postgresql", window={"by": "command", "longest": "4h"}),
    }  # fmt: skip
    platform = {
        "manage": flow({"host": "ctl1"}, {"managed": True}, "ssh"),
        "logs": flow({"managed": True}, {"group": "log_collectors"}, "relp"),
    }
    return {
        "schema": 1,
        "site": {"key": "small", "name": _text("small"), "timezone": "Asia/Tokyo", "domain": "small.example",
                 "internal_domain": "small.internal"},
        "owners": {"office": _text("office")},
        "names": {"opac": {"vip": "opac", "names": ["opac.small.example"]}},
        "policies": {"maintenance_access": "onsite", "tls_minimum": "1.3", "apart": []},
        "upstream": {"dns": ["192.0.2.2"], "ntp": ["192.0.2.2"]},
        "sites": {"paper": {"title": _text("paper"), "domains": ["paper.example"], "ports": [443], "control": "N-07"}},
        "updates": {"archive": "http://deb.debian.org/debian", "security": "http://deb.debian.org/debian-security",
                    "site": "paper"},
        "zones": {
            "internet": {**_zone("N-06", line={"vlan": 10, "ipv4": "203.0.113.0/28", "ipv6": "2001:db8:0:10::/64",
                                               "router": {"ipv4": "203.0.113.14", "ipv6": "2001:db8:0:10::e"},
                                               "interface": "line"}),
                         "outside": True, "includes": ["192.0.2.0/24", "2001:db8:ffff::/48"]},
            "dmz": _zone("N-08", servers={"vlan": 20, "ipv4": "198.51.100.16/28", "ipv6": "2001:db8:0:20::/64"}),
            "webopac": _zone("N-09", servers=_segment(30)),
            "business": _zone("N-03", servers=_segment(40),
                              floor=_segment(41, population="open", interface="floor")),
            "data": _zone("N-02", servers=_segment(50)),
            "information": _zone("N-03", servers=_segment(60, interface="info")),
            "management": _zone("L-01", servers=_segment(80, interface="mgmt")),
        },
        "gateways": {"hosts": ["fw1", "fw2"], "vip": 1, "addresses": {"fw1": 2, "fw2": 3},
                     "manage": "management.servers",
                     "sync": {"ipv4": "10.10.255.0/30", "addresses": {"fw1": 1, "fw2": 2}, "interface": "sync"}},
        "switches": {"sw1": {"driver": "openvswitch"}},
        "nat": [{"source": {"group": "forward_proxies"}, "out": "internet.line", "family": "ipv4", "control": "N-06"}],
        "hosts": {
            "ctl1": {"groups": ["control"], "legs": {"mgmt": leg("management.servers", 80, 10, **managed)}},
            "sw1": {"groups": ["switches"], "legs": {"mgmt": leg("management.servers", 80, 5, **managed)}},
            "log1": {"groups": ["log_collectors"], "legs": {"mgmt": leg("management.servers", 80, 21, **managed)}},
            "fw1": {"groups": ["gateways"]},
            "fw2": {"groups": ["gateways"]},
            "rp1": {"groups": ["reverse_proxies"], "legs": {"dmz": {
                "segment": "dmz.servers", "ipv4": "198.51.100.21", "ipv6": "2001:db8:0:20::21", **managed}}},
            "app1": {"groups": ["ils_servers"], "legs": {
                "business": leg("business.servers", 40, 11, **managed), "webopac": leg("webopac.servers", 30, 11)}},
            "db1": {"groups": ["databases", "etcd"], "legs": {"data": leg("data.servers", 50, 11, **managed)}},
            "db2": {"groups": ["databases"], "legs": {"data": leg("data.servers", 50, 12, **managed)}},
            "px1": {"groups": ["forward_proxies"], "legs": {"info": leg("information.servers", 60, 11, **managed)}},
            "tb1": {"groups": ["business_terminals"], "legs": {"floor": leg("business.floor", 41, 21, **managed)}},
        },
        "usb": {
            "groups": {"business_terminals": {"media": "never", "spare_keyboard": True, "control": "N-10"}},
            "devices": {"keyboard": {"title": _text("keyboard"), "vendor": "04d9", "product": "1503",
                                     "interfaces": ["03:01:01"], "keyboard": True,
                                     "at": [{"group": "business_terminals"}], "owner": "office"}},
        },
        "vips": {
            "opac": {"segment": "dmz.servers", "ipv4": "198.51.100.20", "ipv6": "2001:db8:0:20::20",
                     "held_by": "reverse_proxies"},
            "proxy": leg("information.servers", 60, 10, held_by="forward_proxies"),
        },
        "external": {"world": {"zone": "internet", "ipv4": "192.0.2.2/28", "ipv6": "2001:db8:ffff::2/64"}},
        "services": {
            "https": {"tcp": [443]}, "ils-public": {"tcp": [8443]}, "postgresql": {"tcp": [5432]},
            "etcd": {"tcp": [2379, 2380]}, "dns": {"tcp": [53], "udp": [53]}, "proxy": {"tcp": [3128]},
            "ssh": {"tcp": [22]}, "relp": {"tcp": [2514]},
        },
        "flows": flows,
        "platform": platform,
        "numbers": {name: index for index, name in enumerate((*flows, *platform), start=1)},
    }  # fmt: skip


def declare(tree: Tree) -> Declaration:
    """Return the declaration of a tree, without the loader's checks: the expansion has to stand on its own feet."""
    return build(copy.deepcopy(tree))


def only(tree: Tree, name: str, content: Tree) -> Tree:
    """Return the site with this one flow and the platform's."""
    tree["flows"] = {name: content}
    tree["numbers"] = {name: 1, "manage": 2, "logs": 3}
    return tree
