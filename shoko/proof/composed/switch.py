"""The running switch: which port carries which VLANs, and what differs from the declaration.

Open vSwitch (ovs-vswitchd.conf.db(5)): a port without a tag is a trunk of all VLANs, or of its `trunks`; its own port,
named like the bridge, is one too and has to be down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shoko.declaration.model import Declaration
from shoko.observe.visit import Observation
from shoko.proof.compare import Finding
from shoko.proof.composed.errors import NotUnderstood
from shoko.proof.expected.ports import Port, by_vlan, ports

ALL = frozenset(range(4096))
DRIVER = "openvswitch"
_NORMAL = "priority=0 actions=NORMAL"


@dataclass(frozen=True)
class Running:
    """A port as it runs: the VLANs that it carries, and whether frames leave it with a tag."""

    vlans: frozenset[int]
    trunk: bool
    interfaces: int


def running(observation: Observation) -> dict[str, Running]:
    """Return the ports of a switch by name; NotUnderstood where Open vSwitch prints something else."""
    try:
        return {str(row["name"]): _port(row) for row in rows((observation.switch or {})["ports"])}
    except (KeyError, TypeError, ValueError, LookupError) as problem:
        raise NotUnderstood(f"ovs-vsctl prints ports of an unknown shape ({problem!r})") from problem


def strays(declaration: Declaration, switch: str, observation: Observation) -> Iterator[Finding]:
    """Yield what a switch does otherwise than declared, with who can reach whom by it."""
    wanted, present = ports(declaration, switch), running(observation)
    up = {link["ifname"] for link in observation.addresses if "UP" in link.get("flags", ())}
    bridges = rows((observation.switch or {})["bridges"])
    own = {str(row["name"]) for row in bridges}
    for name, port in wanted.items():
        if name not in present:
            yield _finding(f"port {name} is missing: {_plugged(port)} is cut off from {port.segment}")
        else:
            yield from _differs(declaration, name, port, present[name])
    for name, found in present.items():
        if name in own and name in up:
            yield _finding(
                f"the bridge's own port {name} is up: the switch itself stands {_in(declaration, found.vlans)}"
            )
        elif name not in wanted and name not in own:
            yield _finding(
                f"port {name} is not declared: whoever is plugged in there stands {_in(declaration, found.vlans)}"
            )
    yield from _bridges(bridges, observation)


def vlans(declaration: Declaration, switch: str, observation: Observation) -> dict[tuple[str, str], frozenset[int]]:
    """Return the VLANs in which each leg stands, by host and interface; none for a leg that is not plugged in."""
    present = running(observation)
    return {
        (port.host, port.interface): present[name].vlans if name in present else frozenset()
        for name, port in ports(declaration, switch).items()
    }


def declared_vlans(declaration: Declaration) -> dict[tuple[str, str], frozenset[int]]:
    """Return the same as declared, for sites whose switch is not looked at."""
    return {
        (leg.host, leg.interface): frozenset(() if vlan is None else (vlan,))
        for host in declaration.hosts.values()
        for leg in host.legs
        for vlan in (declaration.segments[leg.segment].vlan,)
    }


def _differs(declaration: Declaration, name: str, port: Port, found: Running) -> Iterator[Finding]:
    if found.trunk:
        yield _finding(f"port {name} is a trunk: {_plugged(port)} stands {_in(declaration, found.vlans)}")
    elif found.vlans != {port.vlan}:
        (vlan,) = found.vlans
        yield _finding(
            f"port {name} carries VLAN {vlan}, and {port.vlan} ({port.segment}) is declared: {_plugged(port)} stands "
            f"{_in(declaration, found.vlans)} and in {port.segment} no more"
        )
    if found.interfaces != 1:
        yield _finding(f"port {name} bonds {found.interfaces} interfaces, and one leg is declared")


def _bridges(bridges: list[Mapping[str, Any]], observation: Observation) -> Iterator[Finding]:
    if len(bridges) != 1:
        yield _finding(f"{len(bridges)} bridges run, and one is declared: {', '.join(str(b['name']) for b in bridges)}")
    for row in bridges:
        if _members(row["mirrors"]):
            yield _finding(f"bridge {row['name']} copies frames to somebody (a mirror); delete the mirror")
        if _members(row["controller"]):
            yield _finding(f"bridge {row['name']} obeys a controller, which may join segments; delete the controller")
        flows = (observation.switch or {})["flows"].get(row["name"], [])
        for flow in flows:
            if flow != _NORMAL:
                yield _finding(
                    f"bridge {row['name']} has the OpenFlow rule “{flow}”, which passes frames by VLANs or not"
                )
        if _NORMAL not in flows:
            yield _finding(f"bridge {row['name']} has no OpenFlow rule NORMAL: it switches nothing by VLANs")


def _in(declaration: Declaration, carried: frozenset[int]) -> str:
    segments = [name for vlan, name in by_vlan(declaration).items() if vlan in carried]
    if carried >= set(by_vlan(declaration)):
        return "in every segment, beside all gateways and hosts"
    if not segments:
        return f"in VLAN {', '.join(map(str, sorted(carried))) or 'none'}, where nobody is declared"
    return f"in {' and '.join(segments)}, and reaches without a gateway {_there(declaration, segments)}"


def _there(declaration: Declaration, segments: Iterable[str]) -> str:
    names = [host.name for host in declaration.hosts.values() for leg in host.legs if leg.segment in set(segments)]
    return ", ".join(dict.fromkeys(names)) or "nobody declared"


def _plugged(port: Port) -> str:
    return f"{port.host}'s leg {port.interface}" if port.host else f"the provider of {port.segment}"


def _finding(detail: str) -> Finding:
    return Finding("switch", "switch", None, {}, detail=detail)


def rows(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return a table as ovs-vsctl prints it in JSON, row by row with its columns by name."""
    return [dict(zip(table["headings"], row, strict=True)) for row in table["data"]]


def _members(value: Any) -> list[Any]:
    """A column that holds a set: one member stands for itself, several or none as ["set", […]]."""
    if isinstance(value, list) and value and value[0] == "set":
        return list(value[1])
    return [value]


def _port(row: Mapping[str, Any]) -> Running:
    tags, trunks, mode = _members(row["tag"]), _members(row["trunks"]), _members(row["vlan_mode"])
    carried = frozenset(map(int, trunks)) if trunks else ALL
    access = mode == ["access"] or (not mode and tags)
    if mode not in ([], ["access"], ["trunk"], ["native-tagged"], ["native-untagged"]):
        raise NotUnderstood(f"port {row['name']}: VLAN mode {mode[0]} has no meaning here; set it to access")
    interfaces = len(_members(row["interfaces"]))
    if access:
        return Running(frozenset(map(int, tags or [0])), False, interfaces)
    return Running(carried | frozenset(map(int, tags)), True, interfaces)
