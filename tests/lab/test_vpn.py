"""The maintenance VPN on the converged lab: silent to strangers, one host for a vendor, and only inside a window."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from held import Held
from segments.site import CHECKOUT, SITE, Site
from vendor import FLOW, TUNNEL, private_key, through_tunnel, window

PATIENCE = 30.0  # seconds: a lost handshake is tried again after five


@pytest.fixture(scope="module")
def bastion(site: Site) -> str:
    """The one address that a vendor may reach."""
    return str(site.declaration.hosts["bas1"].manage_leg.ipv4)


@pytest.fixture
def tunnel(site: Site) -> Iterator[None]:
    """The vendor's device with its key and the tunnel up."""
    yield from through_tunnel(site, private_key())


@pytest.fixture
def closed(site: Site) -> Iterator[None]:
    """Whatever a test opens is closed after it."""
    window("close")
    yield
    window("close")


def reaches(site: Site, address: str, port: int = 22, seconds: float = 4.5) -> bool:
    """Whether the vendor's device gets a connection through the tunnel in time."""
    person = site.declaration.people["vendor-engineer"]
    attempt = ["x", str(person.ipv4), address, port, 0]
    answer = site.work("vendor", "connect", {"attempts": [attempt], "seconds": seconds})
    return answer["x"] in ("open", "refused")


def hold(site: Site, address: str) -> Held:
    """A connection from the vendor's device that stays open."""
    return Held([*site.network("vendor"), sys.executable], address)


@pytest.mark.usefixtures("tunnel", "closed")
def test_a_vendor_reaches_the_bastion_and_nothing_else_and_only_inside_a_window(site: Site, bastion: str) -> None:
    assert not reaches(site, bastion), "the bastion answers although no window is open"
    assert "open until" in window("open", "--for", "10m")
    assert reaches(site, bastion, seconds=PATIENCE), "the bastion does not answer although a window is open"
    for host in ("ctl1", "app1", "db1", "px1"):
        assert not reaches(site, str(site.declaration.hosts[host].manage_leg.ipv4)), host
    assert not reaches(site, bastion, 3128)
    window("close")
    assert not reaches(site, bastion), "the bastion still answers although the window is closed"


@pytest.mark.usefixtures("tunnel", "closed")
def test_an_open_session_ends_with_its_window(site: Site, bastion: str) -> None:
    window("open", "--for", "10m")
    control, held = hold(site, bastion), hold(site, bastion)
    try:
        assert held.greeting.startswith("SSH-2.0"), held.greeting
        assert control.say("not SSH"), "inside the window the other side must answer"
        window("close")
        assert held.say("not SSH") == "TimeoutError"
    finally:
        control.end()
        held.end()


@pytest.mark.usefixtures("tunnel", "closed")
def test_a_window_ends_by_itself(site: Site, bastion: str) -> None:
    """Nobody and no timer closes it: the elements expire in the kernel."""
    end = int(time.time()) + 25
    person = site.declaration.people["vendor-engineer"]
    mark = 0x80000000 | site.declaration.flows[FLOW].number
    elements = {"open4": [[mark, str(person.ipv4), bastion, 22]]}
    for host in (*site.declaration.gateways.hosts, "bas1"):
        site.inside(host, "/usr/local/sbin/shoko-window", "open", FLOW, str(end), stdin=json.dumps(elements))
    held = hold(site, bastion)
    try:
        assert held.greeting.startswith("SSH-2.0"), held.greeting
        time.sleep(max(0, end - time.time()) + 2)
        assert held.say("not SSH") == "TimeoutError"
        assert not reaches(site, bastion)
    finally:
        held.end()


@pytest.mark.usefixtures("tunnel", "closed")
def test_a_run_inside_an_open_window_changes_nothing_and_leaves_it_open(site: Site, bastion: str) -> None:
    window("open", "--for", "15m")
    done = subprocess.run(
        [str(CHECKOUT / ".venv/bin/ansible-playbook"), "-i", str(SITE / "shoko.yml"), "playbooks/network.yml",
         "--tags", "firewall", "--limit", "gateways,bas1", "-v"],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    recap = [line for line in done.stdout.splitlines() if "unreachable=" in line]
    assert recap
    reasons = [line for line in done.stdout.splitlines() if '"reasons": ["' in line]
    assert all("changed=0" in line for line in recap), [*recap, *reasons]
    assert reaches(site, bastion, seconds=PATIENCE)


@pytest.mark.usefixtures("closed")
def test_an_unknown_key_gets_no_answer_at_all(site: Site, tmp_path: Path) -> None:
    window("open", "--for", "10m")
    stranger = site.inside("vendor", "wg", "genkey")
    tunnel = through_tunnel(site, stranger)
    next(tunnel)
    try:
        assert not reaches(site, str(site.declaration.hosts["bas1"].manage_leg.ipv4))
        received = site.inside("vendor", "wg", "show", TUNNEL, "transfer").split()[1]
        assert received == "0", "the gateway answered a key that it does not know"
    finally:
        next(tunnel, None)


def test_the_port_of_the_tunnel_does_not_answer_noise(site: Site) -> None:
    """No reply and no ICMP error: from outside it looks as if nothing were there."""
    endpoint = str(site.declaration.gateway_vip("internet.line", "ipv4"))
    script = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2); s.connect((sys.argv[1], 51820))\n"
        "s.send(b'\\x01' + b'x' * 147)\n"
        "try: print(s.recv(100))\n"
        "except OSError as error: print(type(error).__name__)\n"
    )
    done = subprocess.run([*site.network("home"), sys.executable, "-c", script, endpoint],
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.strip() == TimeoutError.__name__
