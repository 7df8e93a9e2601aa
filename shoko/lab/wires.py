"""Namespaces and virtual cables. Everything is made inside the lab's namespaces, never in the root one."""

import json
import os
from pathlib import Path

from shoko.lab.errors import LabError
from shoko.lab.locking import locked
from shoko.lab.plan import DirectPeer, LabHost, LabLeg, LabPlan, SwitchPort
from shoko.lab.run import run, succeeds
from shoko.lab.settings import LabSettings

NETNS = Path("/run/netns")
NETNS_LOCK = Path("/run/lock/shoko-lab-netns")


def namespace_exists(name: str) -> bool:
    """Tell whether a named namespace exists and is mounted (a bare file is a leftover)."""
    path = NETNS / name
    if not path.exists():
        return False
    with Path("/proc/self/mounts").open() as mounts:
        return any(line.split()[1] == str(path) for line in mounts)


def namespaces(prefix: str) -> list[str]:
    """Return the named namespaces that begin with `prefix`."""
    if not NETNS.is_dir():
        return []
    return sorted(path.name for path in NETNS.iterdir() if path.name.startswith(prefix))


def make_namespace(name: str) -> None:
    """Make a namespace with its loopback up; an existing one stays."""
    if namespace_exists(name):
        return
    (NETNS / name).unlink(missing_ok=True)
    with locked(NETNS_LOCK, "making a namespace"):
        run(["ip", "netns", "add", name])
    run(["ip", "-n", name, "link", "set", "lo", "up"])


def remove_namespace(name: str) -> None:
    """Remove a namespace and with it every interface in it."""
    if namespace_exists(name):
        run(["ip", "netns", "del", name])
    else:
        (NETNS / name).unlink(missing_ok=True)


def forget_namespaces() -> None:
    """Unmount /run/netns, which `ip netns add` mounts once, when the last namespace is gone."""
    with locked(NETNS_LOCK, "removing namespaces"):
        if NETNS.is_dir() and not any(NETNS.iterdir()) and os.path.ismount(NETNS):
            run(["umount", NETNS])


def interfaces(namespace: str) -> set[str]:
    """Return the names of all interfaces of a namespace."""
    return {row["ifname"] for row in json.loads(run(["ip", "-n", namespace, "-j", "link", "show"]))}


def tap_name(number: int) -> str:
    """Name of the end in the namespace that QEMU holds of a virtual machine's leg, by the leg's place in the list."""
    return f"card{number}"


def _sleeve_name(number: int) -> str:
    return f"sleeve{number}"


class Wiring:
    """Plugs the legs of a plan's hosts; every step may be repeated."""

    def __init__(self, settings: LabSettings, plan: LabPlan) -> None:
        self._settings = settings
        self._plan = plan

    def namespace(self, host: str) -> str:
        """Name of a host's namespace."""
        return self._settings.machine(host)

    def far_end(self, host: LabHost, leg: LabLeg) -> tuple[str, str]:
        """Return (namespace, interface name) of the other end of a leg."""
        plug = leg.plug
        if isinstance(plug, SwitchPort):
            return self.namespace(plug.switch), plug.port
        if isinstance(plug, DirectPeer):
            return self.namespace(plug.host), plug.leg
        return self.namespace(self._plan.world), plug.port

    def plug(self, host: LabHost) -> None:
        """Make the host's namespace and every leg of it that is not there yet."""
        own = self.namespace(host.name)
        make_namespace(own)
        present = interfaces(own)
        commands: dict[str, list[str]] = {}
        for leg in host.legs:
            if leg.name in present:
                continue
            far, port = self.far_end(host, leg)
            make_namespace(far)
            if port in interfaces(far):  # of a cable whose host end went away with its namespace
                run(["ip", "-n", far, "link", "del", port])
            # The address of a virtual machine's leg is its card's; an end that had it too would take its frames.
            address = [] if host.virtual else ["address", leg.mac]
            run(["ip", "link", "add", "name", leg.name, *address, "netns", own,
                 "type", "veth", "peer", "name", port, "netns", far])  # fmt: skip
            for namespace, name in ((own, leg.name), (far, port)):
                commands.setdefault(namespace, []).append(name)
            far_mac = self._direct_mac(leg)
            if far_mac is not None:
                run(["ip", "-n", far, "link", "set", port, "address", far_mac])
        for namespace, names in commands.items():
            offloads_off(namespace, names)
        self._raise_far_ends(host)
        if host.virtual:
            self._sleeves(host)

    def _sleeves(self, host: LabHost) -> None:
        """Join each leg of a virtual machine to a card of it: a bridge of the two, deaf and mute for itself."""
        own = self.namespace(host.name)
        present = interfaces(own)
        for number, leg in enumerate(host.legs):
            sleeve, tap = _sleeve_name(number), tap_name(number)
            if sleeve in present:
                continue
            enter = ["ip", "-n", own]
            run([*enter, "link", "add", sleeve, "type", "bridge", "stp_state", "0", "mcast_snooping", "0"])
            run(["nsenter", f"--net={NETNS / own}", "ip", "tuntap", "add", tap, "mode", "tap"])
            script = 'for i in "$@"; do echo 1 >/proc/sys/net/ipv6/conf/$i/disable_ipv6; ip link set $i up; done'
            for end in (leg.name, tap):
                run([*enter, "link", "set", end, "master", sleeve])
            run(["nsenter", f"--net={NETNS / own}", "sh", "-euc", script, "sh", leg.name, tap, sleeve])

    def _direct_mac(self, leg: LabLeg) -> str | None:
        if not isinstance(leg.plug, DirectPeer):
            return None
        wanted = leg.plug.leg
        return next(other.mac for other in self._plan.host(leg.plug.host).legs if other.name == wanted)

    def _raise_far_ends(self, host: LabHost) -> None:
        """A socket in the wall has carrier before the host is plugged in: far ends are up at once."""
        for leg in host.legs:
            if not isinstance(leg.plug, DirectPeer):
                far, port = self.far_end(host, leg)
                run(["ip", "-n", far, "link", "set", port, "up"])

    def renew(self, host: LabHost) -> None:
        """Give a stopped host a fresh namespace and carry its legs over, as a reboot clears a kernel.

        Addresses, routes, sysctls, rulesets are gone; the cables stay in the switch.
        """
        own = self.namespace(host.name)
        if not namespace_exists(own):
            return
        carried = own + "-next"
        remove_namespace(carried)
        make_namespace(carried)
        ends = [leg.name for leg in host.legs] + self._guest_ends(host)
        present = interfaces(own)
        for name in ends:
            if name in present:
                run(["ip", "-n", own, "link", "set", name, "netns", carried])
        remove_namespace(own)
        (NETNS / own).touch()
        run(["mount", "--bind", NETNS / carried, NETNS / own])
        remove_namespace(carried)
        self._raise_far_ends(host)
        for name in self._guest_ends(host):
            run(["ip", "-n", own, "link", "set", name, "up"])
        if host.virtual:
            self._sleeves(host)

    def _guest_ends(self, host: LabHost) -> list[str]:
        """Ends of other hosts' cables that live in this host's namespace (a switch's ports)."""
        own = self.namespace(host.name)
        return [
            port
            for other in self._plan.hosts
            for leg in other.legs
            if not isinstance(leg.plug, DirectPeer)  # that end is a leg of this host's own
            for far, port in [self.far_end(other, leg)]
            if far == own
        ]


def offloads_off(namespace: str, names: list[str]) -> None:
    """Switch off checksum and segmentation offload: the switch copies frames as they are, so they must
    be complete on the wire (TCP through Open vSwitch's userspace datapath dies otherwise)."""
    script = 'for i in "$@"; do ethtool -K "$i" tx off rx off tso off gso off gro off >/dev/null; done'
    if not succeeds(["nsenter", f"--net={NETNS / namespace}", "sh", "-euc", script, "sh", *names]):
        raise LabError(f"{namespace}: ethtool could not switch off offloads of {' '.join(names)}")
