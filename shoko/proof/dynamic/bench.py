"""The prober's own things in the lab: a port in every segment of the switch, and a gateway of its own to test itself.

What comes out of a gateway with the signature of a probe ends at the switch, by a rule of the switch's own: real hosts
hear nothing of it, and what is counted is counted before, at the gateway.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from shoko.declaration.model import Declaration, Segment
from shoko.declaration.switching import switch_ports
from shoko.lab.machines import machine
from shoko.lab.plan import stable_mac
from shoko.lab.run import run
from shoko.lab.settings import LabSettings
from shoko.lab.wires import NETNS, make_namespace, remove_namespace
from shoko.ports import BRIDGE
from shoko.proof.dynamic.answers import Vacancy
from shoko.proof.dynamic.frames import CLASS
from shoko.proof.dynamic.guard import COOKIE, PORT, PROBE
from shoko.proof.errors import ProofError

OWN = f"{PROBE}-gate"  # the prober's own gateway
_QUIET = "for one in default all; do echo 1 >/proc/sys/net/ipv6/conf/$one/disable_ipv6; done"


@dataclass(frozen=True)
class Gate:
    """Where packets are judged: a gateway, with the hardware address of its leg in each segment (by interface).

    `held` are the IPv4 addresses that its kernel takes for itself or for everybody, so that it forwards none of them.
    """

    name: str
    namespace: Path
    macs: Mapping[str, bytes]
    held: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Bench:
    """A namespace with an interface into every segment of the switch, each named as the gateways' own."""

    settings: LabSettings
    declaration: Declaration
    switch: str

    @property
    def namespace(self) -> Path:
        """The ports' namespace."""
        return NETNS / self.settings.machine(PROBE)

    @property
    def segments(self) -> list[Segment]:
        """The segments that hang on the switch."""
        return [one for one in self.declaration.segments.values() if one.vlan is not None]

    def plug(self) -> None:
        """Make all ports, and the rule by which probes end at the switch."""
        here, there = self.settings.machine(PROBE), self.settings.machine(self.switch)
        make_namespace(here)
        run(["nsenter", f"--net={self.namespace}", "sh", "-euc", _QUIET])
        added = []
        for segment in self.segments:
            added += _cable(
                here, segment.interface, self.macs[segment.interface], there, (f"{PORT}{segment.vlan}", segment.vlan)
            )
        self._switch(["ovs-vsctl", *added])
        gateways = [one.name for one in switch_ports(self.declaration) if one.host in self.declaration.gateways.hosts]
        self._end(gateways)

    @cached_property
    def macs(self) -> dict[str, bytes]:
        """The hardware addresses of the prober's ports, by interface."""
        return {one.interface: mac_bytes(stable_mac(PROBE, one.name)) for one in self.segments}

    def vacancies(self) -> dict[str, Vacancy]:
        """Return which addresses nobody has, by port."""
        return {
            segment.interface: Vacancy(
                self.macs[segment.interface], prefixes(segment), taken(self.declaration, segment)
            )
            for segment in self.segments
        }

    def own_gate(self, one: Segment, other: Segment) -> Gate:
        """Make a gateway of the prober's own between two segments; it forwards whatever its ruleset lets through."""
        here, there = self.settings.machine(OWN), self.settings.machine(self.switch)
        make_namespace(here)
        added: list[str] = []
        macs = {}
        lines = []
        for segment in (one, other):
            port, mac = f"{PORT}g{segment.vlan}", stable_mac(OWN, segment.name)
            macs[segment.interface] = mac_bytes(mac)
            added += _cable(here, segment.interface, macs[segment.interface], there, (port, segment.vlan))
            for network in prefixes(segment):
                lines.append(f"route add {network} dev {segment.interface}")
        settings = "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding"
        filters = "for one in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$one; done"
        run(["nsenter", f"--net={NETNS / here}", "sh", "-euc", f"{settings}; {filters}"])
        run(["ip", "-n", here, "-batch", "-"], stdin="\n".join(lines))
        self._switch(["ovs-vsctl", *added])
        self._end([f"{PORT}g{segment.vlan}" for segment in (one, other)])
        return Gate(OWN, NETNS / here, macs)

    def remove_own_gate(self, one: Segment, other: Segment) -> None:
        """Take the prober's own gateway away."""
        ports = [word for segment in (one, other) for word in ("--", "del-port", BRIDGE, f"{PORT}g{segment.vlan}")]
        self._switch(["ovs-vsctl", *ports])
        remove_namespace(self.settings.machine(OWN))

    def neighbour(self, gate: Gate, segment: Segment, address: str) -> None:
        """Tell the prober's own gateway who has an address: a port of ours, so that it need not ask."""
        mac = stable_mac(PROBE, segment.name)
        run(["ip", "-n", gate.namespace.name, "neigh", "replace", address, "lladdr", mac, "nud", "permanent",
             "dev", segment.interface])  # fmt: skip

    def gate(self, name: str) -> Gate:
        """Return a real gateway as it is now; ProofError if it does not run or lacks a leg."""
        machine_name = self.settings.machine(name)
        if machine(self.settings, name).leader() is None:
            raise ProofError(f"{name} does not run: `shoko lab start {name}`, or narrow with --gateway")
        rows = json.loads(run(["ip", "-n", machine_name, "-json", "address"]))
        macs = {row["ifname"]: mac_bytes(row["address"]) for row in rows if row.get("address")}
        missing = [one.interface for one in self.segments if one.interface not in macs]
        if missing:
            raise ProofError(f"{name} has no leg {', '.join(missing)}: run `ansible-playbook playbooks/site.yml`")
        local = [one for row in rows for one in row["addr_info"] if one["family"] == "inet"]
        held = {_number(one[key]) for one in local for key in ("local", "broadcast") if key in one}
        networks = [IPv4Network(f"{one['local']}/{one['prefixlen']}", strict=False) for one in local]
        held |= {int(network.broadcast_address) for network in networks}
        legs = {one.interface: macs[one.interface] for one in self.segments}
        return Gate(name, NETNS / machine_name, legs, frozenset(held))

    def _switch(self, command: list[str]) -> None:
        entered = machine(self.settings, self.switch).entry(command)
        done = subprocess.run(entered, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ProofError(f"{self.switch} refuses the prober's ports: {' '.join(done.stderr.split())[:200]}")

    def _end(self, ports: list[str]) -> None:
        for port in ports:
            for kind in ("ip", "ipv6"):
                rule = f"cookie={COOKIE:#x},priority=65000,in_port={port},{kind},nw_tos={CLASS},actions=drop"
                self._switch(["ovs-ofctl", "add-flow", BRIDGE, rule])


def prefixes(segment: Segment) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the prefixes of a segment."""
    return tuple(one for one in (segment.ipv4, segment.ipv6) if one is not None)


def taken(declaration: Declaration, segment: Segment) -> frozenset[int]:
    """Return the addresses of a segment that somebody declared has or may hold."""
    found = [
        address
        for host in declaration.hosts.values()
        for leg in host.legs
        if leg.segment == segment.name
        for address in (leg.ipv4, leg.ipv6)
    ]
    found += [
        address for vip in declaration.vips.values() if vip.segment == segment.name for address in (vip.ipv4, vip.ipv6)
    ]
    found += [declaration.gateway_vip(segment.name, "ipv4"), declaration.gateway_vip(segment.name, "ipv6")]
    found += segment.router.values()
    return frozenset(int(address) for address in found if address is not None)


def mac_bytes(written: str) -> bytes:
    """Return a hardware address as bytes."""
    return bytes.fromhex(written.replace(":", ""))


def _number(address: str) -> int:
    return int.from_bytes(bytes(int(part) for part in address.split(".")))


def _cable(here: str, interface: str, mac: bytes, there: str, port: tuple[str, int | None]) -> list[str]:
    """Lay a cable into the switch; return how ovs-vsctl is told of its port."""
    name, vlan = port
    run(["ip", "link", "add", "name", interface, "address", mac.hex(":"), "netns", here,
         "type", "veth", "peer", "name", name, "netns", there])  # fmt: skip
    run(["ip", "-n", here, "link", "set", interface, "up"])
    run(["ip", "-n", there, "link", "set", name, "up"])
    return ["--", "add-port", BRIDGE, name, "vlan_mode=access", f"tag={vlan}"]
