"""A gateway dies while sessions pass it: they live on, and the pause is measured."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from power import power_off, power_on, runs
from segments.site import WORKER, Site

STEP = 0.02  # seconds between two datagrams of the stream
SESSIONS = 8  # sshd lets about ten strangers stand at its door
LONGEST = 6.0  # seconds; on two busy cores. About one second is what is measured on an idle machine.
HOLD = """
import socket, sys
held = [socket.create_connection((sys.argv[1], 22), timeout=10) for _ in range(int(sys.argv[2]))]
for s in held:
    s.settimeout(15); s.recv(100)
print("held", flush=True)
sys.stdin.readline()
alive = 0
for s in held:
    try:
        s.sendall(b"not SSH\\r\\n")
        alive += bool(s.recv(100))
    except OSError:
        pass
print(alive, flush=True)
"""


def active(site: Site) -> tuple[str, str]:
    """Wait until exactly one gateway holds all shared addresses; its name and the other's."""
    gateways, declaration = site.declaration.gateways, site.declaration
    shared = {str(declaration.gateway_vip(leg.segment, "ipv4")) for leg in declaration.hosts[gateways.hosts[0]].legs}
    deadline = time.monotonic() + 60
    while True:
        held = {
            host: {one["local"] for link in site.interfaces(host) for one in link["addr_info"]} & shared
            for host in gateways.hosts
        }
        for one, other in (gateways.hosts, gateways.hosts[::-1]):
            if held[one] == shared and not held[other]:
                return one, other
        assert time.monotonic() < deadline, held
        time.sleep(0.5)


@pytest.fixture
def whole(site: Site) -> Iterator[None]:
    """Both gateways run before and after the test."""
    active(site)
    yield
    for host in site.declaration.gateways.hosts:
        if not runs(site, host):
            power_on(site, host)
    active(site)


def kill_keepalived(site: Site, host: str) -> None:
    """The daemon dies without a word."""
    site.inside(host, "systemctl", "kill", "--signal=KILL", "keepalived")


def watch(site: Site, host: str, interface: str) -> subprocess.Popen[str]:
    """Start to watch a leg."""
    process = subprocess.Popen([*site.network(host), sys.executable, str(WORKER), "watch"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"interfaces": [interface]}) + "\n")
    process.stdin.flush()
    assert process.stdout.readline().strip() == "ready"
    return process


def longest_pause(tokens: set[str], sent: int) -> float:
    """Seconds of the longest run of datagrams that did not arrive."""
    longest = run = 0
    for number in range(sent):
        run = 0 if f"{number:08x}" in tokens else run + 1
        longest = max(longest, run)
    return longest * STEP


@pytest.mark.parametrize("fault", [kill_keepalived, power_off])
def test_sessions_live_on_when_the_active_gateway_dies(
    site: Site, whole: None, fault: Callable[[Site, str], None], record_property: Callable[[str, object], None]
) -> None:
    down, up = active(site)
    control, database, proxy = (site.declaration.hosts[name] for name in ("ctl1", "db1", "px1"))
    session = subprocess.Popen(
        [*site.network("ctl1"), sys.executable, "-c", HOLD, str(database.manage_leg.ipv4), str(SESSIONS)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert session.stdout is not None
    assert session.stdout.readline().strip() == "held", control.name
    watcher = watch(site, "px1", proxy.manage_leg.interface)
    count = int(14 / STEP)
    stream = {"source": str(database.manage_leg.ipv4), "destination": str(proxy.manage_leg.ipv4), "port": 123,
              "count": count, "step": STEP}  # fmt: skip
    sender = threading.Thread(target=lambda: site.work("db1", "stream", stream))
    sender.start()
    time.sleep(3)
    fault(site, down)
    sender.join()
    output, _ = watcher.communicate("stop\n", timeout=60)
    pause = longest_pause(set(next(iter(json.loads(output).values()))), count)
    record_property("pause_seconds", pause)
    print(f"{fault.__name__}: longest pause {pause:.2f} s")
    alive, _ = session.communicate("now\n", timeout=300)
    assert alive.split() == [str(SESSIONS)], "sessions died with the gateway"
    assert pause < LONGEST
    if fault is power_off:
        return  # `whole` starts it again and sees that one holds
    assert active(site) == (up, down), "the other one must hold the addresses now"


def test_what_replicates_sessions_comes_back_when_it_is_killed(site: Site, whole: None) -> None:
    """A death leaves its lock behind, and it refuses to start beside one."""
    for host in site.declaration.gateways.hosts:
        ask = ("systemctl", "show", "--value", "--property=MainPID", "conntrackd")
        first = site.inside(host, *ask).strip()
        assert "cache internal" in site.inside(host, "conntrackd", "-s")
        site.inside(host, "systemctl", "kill", "--signal=KILL", "conntrackd")
        deadline = time.monotonic() + 30
        while "cache internal" not in site.inside(host, "conntrackd", "-s", check=False):
            assert time.monotonic() < deadline, site.inside(host, "journalctl", "-n5", "--no-pager", "-uconntrackd")
            time.sleep(0.5)
        assert site.inside(host, *ask).strip() not in ("0", first)
