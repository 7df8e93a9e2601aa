"""What carries packets past the rulesets that are analysed, or answers where nobody is declared.

Each is a reason why nothing can be said about a host, with its name and what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shoko.declaration.model import Declaration, Host
from shoko.observe.visit import Observation
from shoko.proof.composed.addresses import given
from shoko.proof.composed.switch import rows
from shoko.proof.expected.ports import ports

# What the proof of a host reads of it.
PARTS = (
    "ruleset",
    "addresses",
    "routing",
    "sysctls",
    "modules",
    "legacy",
    "classifiers",
    "proxying",
    "switch",
    "proxy",
)
# Modules of that pattern which follow no protocol inside packets: they tell of sessions, or are parts of old kernels.
_NO_HELPERS = {
    "nf_conntrack_netlink", "nf_conntrack_ipv4", "nf_conntrack_ipv6", "nf_nat_ipv4", "nf_nat_ipv6",
}  # fmt: skip
# A leg may be a card (which has no kind), a cable of the lab, a tagged leg, or a bond.
_LEG_KINDS: set[str | None] = {None, "veth", "vlan", "bond"}
_DATAPATH = "ovs-system"  # the kernel's part of Open vSwitch, to which the links of its ports belong
_TUNNEL_KINDS: set[str | None] = {"wireguard", "tun"}
_SWITCH_KINDS: set[str | None] = {"veth", "openvswitch", "tun", None}


def reasons(declaration: Declaration, host: Host, seen: Observation) -> Iterator[str]:
    """Yield why the analysis of a host's ruleset does not say all about it."""
    for part in PARTS:
        if part in seen.errors:
            yield f"{part} could not be read: {seen.errors[part]}; see that its tool is installed there and works"
    for name in seen.legacy:
        yield f"{name}: a table of the old iptables or IPVS carries packets past nftables; delete it, unload its module"
    for name in seen.modules:
        if name not in _NO_HELPERS:
            yield f"module {name} lets packets in that no rule names; unload it and keep it out (/etc/modprobe.d)"
    if seen.sysctls.get("helper"):
        yield "net.netfilter.nf_conntrack_helper is on: helpers open ports that no rule names; set it to 0"
    for name in seen.classifiers:
        yield f"{name}: tc handles its packets before nftables sees them; `tc qdisc del dev {name} clsact` (or ingress)"
    for name in seen.proxying:
        yield f"{name}: the host answers there for addresses that are not its own; switch it off"
    if seen.switch is not None and host.name not in declaration.switches and seen.switch["bridges"]["data"]:
        yield "a switch (Open vSwitch) runs here, and the declaration knows none; delete its bridges"
    if "addresses" not in seen.errors:
        yield from _links(declaration, host, seen)


def _links(declaration: Declaration, host: Host, seen: Observation) -> Iterator[str]:
    links, kinds = seen.addresses, _declared(declaration, host)
    if host.name in declaration.switches and seen.switch is not None:
        # The bridge has a link of its own; whether that is up is held against the switch.
        kinds |= {str(row["name"]): _SWITCH_KINDS for row in rows(seen.switch["bridges"])}
    below = {link["link"] for link in links if link["ifname"] in kinds and "link" in link}
    for link in links:
        name, kind = str(link["ifname"]), _kind(link)
        if link.get("xdp"):
            yield f"link {name}: XDP handles its packets before nftables sees them; `ip link set dev {name} xdp off`"
        if name in kinds:
            if link.get("master", _DATAPATH) != _DATAPATH:
                yield f"link {name} belongs to {link['master']}: its packets go past the rules; take it out"
            if kind not in kinds[name]:
                yield f"link {name} is of kind {kind}, which may carry packets past the rules; the leg has to be a card"
        elif "UP" in link.get("flags", ()) and name not in below:
            said = _undeclared(link, kind, {_DATAPATH, *kinds, *below})
            if said:
                yield said


def _undeclared(link: dict[str, Any], kind: str | None, masters: set[str]) -> str | None:
    """Why a link that nobody declared may matter; a part of a leg's bond does not."""
    name = str(link["ifname"])
    if kind not in (None, "veth", "dummy"):  # a dummy carries nothing
        return f"link {name} ({kind}) is up, and the declaration knows none: `ip link set {name} down` or delete it"
    if list(given([link])):
        return f"link {name} has addresses, and the declaration does not know it; take them off, or declare the leg"
    if link.get("master", _DATAPATH) not in masters:
        return f"link {name} belongs to {link['master']}, and the declaration knows neither; delete it"
    return None


def _declared(declaration: Declaration, host: Host) -> dict[str, set[str | None]]:
    """The links that a host has to have or may have, and of which kinds."""
    kinds: dict[str, set[str | None]] = {"lo": {None}, **{leg.interface: _LEG_KINDS for leg in host.legs}}
    if host.name in declaration.gateways.hosts:
        kinds[declaration.gateways.sync.interface] = _LEG_KINDS
        kinds |= {one.interface: _TUNNEL_KINDS for one in declaration.segments.values() if one.tunnel is not None}
    if host.name in declaration.switches:
        kinds |= dict.fromkeys(ports(declaration, host.name), _SWITCH_KINDS)
    return kinds


def _kind(link: dict[str, Any]) -> str | None:
    kind = link.get("linkinfo", {}).get("info_kind")
    return None if kind is None else str(kind)
