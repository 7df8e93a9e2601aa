"""Which commands take a layer away, and where: from the scene and the attempts of a demonstration."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from shoko.lab.outside.topology import UPLINK, WORLD
from shoko.lab.run import run
from shoko.ports import switch_port
from shoko.proof.dynamic.hosts_attempts import Attempt
from shoko.proof.dynamic.hosts_scene import Scene
from shoko.proof.dynamic.layers_removal import Way, opened, retagged, routed
from shoko.proof.dynamic.layers_result import Layer


class Plan:
    """`ways` are the senders' own interfaces to the receivers, None where they have no route."""

    def __init__(self, here: Scene, ways: Mapping[Attempt, str | None]) -> None:
        self._here = here
        self._declaration = here.place.declaration
        self._ways = ways
        self._legs = {
            str(address): leg
            for host in self._declaration.hosts.values()
            for leg in host.legs
            for address in (leg.ipv4, leg.ipv6)
            if address is not None
        }

    def scripts(self, layers: Sequence[Layer]) -> dict[str, str]:
        """Return the script for every host that takes these layers away, for all attempts."""
        chains: dict[str, list[str]] = {}
        acting = {end for one in self._ways for end in (one.host, self._here.roles.holding[one.destination])}
        for host in self._declaration.hosts:
            if host in self._here.absent or host not in (*acting, *self._here.roles.gateways):
                continue
            if host in self._here.roles.gateways:
                chains[host] = ["forward"] if "gateway" in layers else []
            else:
                chains[host] = [
                    *(("spoof", "input") if "receiver" in layers else ()),
                    *(("output",) if "sender" in layers else ()),
                ]
        found = {host: opened(names) for host, names in chains.items() if names}
        if "route" in layers:
            for host, ways in self._missing().items():
                found[host] = found.get(host, "") + routed(ways)
        return found

    def straight(self, attempts: Iterable[Attempt]) -> dict[str, str]:
        """Return the script for every sender by which its packets go straight to the receiver's hardware address."""
        ways: dict[str, list[Way]] = {}
        for one in attempts:
            receiver, leg = self._here.roles.holding[one.destination], self._legs[one.destination]
            at = self._hardware(receiver, leg.interface)
            here = self._legs[one.source].interface
            ways.setdefault(one.host, []).append(Way(one.source, one.destination, here, at=at))
        return {host: opened(["output"]) + routed(wanted) for host, wanted in ways.items()}

    def vlans(self, one: Attempt) -> tuple[int, int] | None:
        """Return the VLANs of both ends of an attempt, None where the switch does not keep them apart."""
        if one.source not in self._legs or one.destination not in self._legs:
            return None
        here, there = (
            self._declaration.segments[self._legs[end].segment].vlan for end in (one.source, one.destination)
        )
        return None if here is None or there is None or here == there else (here, there)

    def retagging(self, attempts: Iterable[Attempt]) -> dict[str, str]:
        """Return the script for the switch that puts the senders' ports into the receivers' VLAN."""
        ports = {}
        for one in attempts:
            vlans = self.vlans(one)
            if vlans is not None:
                ports[switch_port(one.host, self._legs[one.source].interface)] = vlans
        return {switch: retagged(ports) for switch in self._declaration.switches}

    def _missing(self) -> dict[str, list[Way]]:
        """The routes that senders lack, by the gateway of their own segment, and the ways back that receivers lack."""
        found: dict[str, list[Way]] = {}
        back = self._here.routes_back(self._ways)
        for one, way in self._ways.items():
            if one.host in self._here.roles.outside:
                if one.destination in self._here.roles.unrouted:
                    found.setdefault(WORLD, []).append(self._from_outside(one.destination))
            elif way is None:
                found.setdefault(one.host, []).append(self._by_gateway(one.source, one.destination))
            receiver = self._here.roles.holding[one.destination]
            if receiver not in self._here.roles.outside and not back[one]:
                found.setdefault(receiver, []).append(self._by_gateway(one.destination, one.source))
        return {host: list(dict.fromkeys(ways)) for host, ways in found.items()}

    def _by_gateway(self, source: str, destination: str) -> Way:
        leg = self._legs[source]
        hop = self._declaration.gateway_vip(leg.segment, "ipv6" if ":" in source else "ipv4")
        return Way(source, destination, leg.interface, str(hop))

    def _from_outside(self, destination: str) -> Way:
        line = next(one for one in self._declaration.segments.values() if one.router)
        hop = self._declaration.gateway_vip(line.name, "ipv6" if ":" in destination else "ipv4")
        return Way(None, destination, UPLINK, str(hop))

    def _hardware(self, host: str, interface: str) -> str:
        links = json.loads(run(["ip", "-n", self._here.place.settings.machine(host), "-json", "link"]))
        return next(str(link["address"]) for link in links if link["ifname"] == interface)
