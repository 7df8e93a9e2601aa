"""The power of a lab host, as somebody pulls the plug and puts it back."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from segments.site import CHECKOUT, SITE, Site

from shoko.lab.cgroups import HostGroup


def power_off(site: Site, host: str) -> None:
    """All processes die and all legs lose their carrier in one moment; nothing says good-bye."""
    legs = [leg.interface for leg in site.declaration.hosts[host].legs]
    if host in site.declaration.gateways.hosts:
        legs.append(site.declaration.gateways.sync.interface)
    script = "".join(f"link set {leg} down\n" for leg in legs)
    subprocess.run([*site.network(host), "ip", "-batch", "-"], input=script, text=True, check=True)
    HostGroup(site.settings.ident, host).kill()


def power_on(site: Site, *hosts: str) -> None:
    """Start hosts that are off; returns when they have started."""
    command = [sys.executable, "-m", "shoko.cli", "lab", "up", "-i", str(SITE), "--hosts", ",".join(hosts)]
    subprocess.run(command, cwd=CHECKOUT, capture_output=True, timeout=240, check=True)
    wait(lambda: all(runs(site, host) for host in hosts), 120, f"{', '.join(hosts)} do not start")


def runs(site: Site, host: str) -> bool:
    """True if a host has started, whether or not every unit of it did."""
    return site.inside(host, "systemctl", "is-system-running", check=False).strip() in ("running", "degraded")


def wait(check: Callable[[], bool], within: float, otherwise: str) -> None:
    """Wait until something is so; fails with `otherwise` when it does not come in time (seconds)."""
    end = time.monotonic() + within
    while not check():
        assert time.monotonic() < end, otherwise
        time.sleep(0.5)


def holders(site: Site, hosts: tuple[str, ...], address: str) -> list[str]:
    """Which of these hosts have an address now."""
    return [
        host
        for host in hosts
        if any(one["local"] == address for link in site.interfaces(host) for one in link["addr_info"])
    ]


def make_holder(site: Site, wanted: str, hosts: tuple[str, ...], address: str) -> None:
    """Let a host hold a shared address that may just as well be held by another."""
    wait(lambda: len(holders(site, hosts, address)) == 1, 60, f"not exactly one of {hosts} holds {address}")
    (now,) = holders(site, hosts, address)
    if now != wanted:
        site.inside(now, "systemctl", "restart", "keepalived")
        wait(lambda: holders(site, hosts, address) == [wanted], 60, f"{wanted} does not take {address}")
