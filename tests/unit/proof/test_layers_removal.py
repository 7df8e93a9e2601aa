"""What takes layers away and what puts them back, by a real kernel: afterwards everything is as before."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoko.proof.dynamic.layers_removal import LISTING, PUT_BACK, Way, opened, routed

RULES = """
table inet shoko {
  chain spoof { type filter hook prerouting priority raw; policy accept; ip saddr 10.9.9.0/24 counter drop; }
  chain input { type filter hook input priority 0; policy drop; iifname "lo" accept; tcp dport 22 counter accept; }
  chain forward { type filter hook forward priority 0; policy drop; }
  chain output { type filter hook output priority 0; policy drop; oifname "lo" accept; }
}
"""


@pytest.fixture
def host() -> Iterator[str]:
    """A network namespace with a ruleset, a leg and a route."""
    name = f"shoko-t{os.getpid()}-l"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        inside(name, f"nft -f - <<'END'\n{RULES}\nEND")
        # No address of its own making, and the cable carries: neither adds a route while a test compares.
        inside(name, "ip link add leg type veth peer name far")
        for end in ("leg", "far"):
            inside(name, f"ip link set {end} addrgenmode none; ip link set {end} up")
        for end in ("leg", "far"):
            inside(name, f"until ip -6 route show table local | grep -q 'ff00::/8 dev {end}'; do sleep 0.1; done")
        inside(name, "ip address add 10.9.1.1/24 dev leg")
        inside(name, "ip -6 address add fd09:1::1/64 dev leg nodad; ip rule add pref 101 from 10.9.1.1 lookup 101")
        inside(name, "ip route add 10.9.2.0/24 via 10.9.1.254 dev leg table 101")
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)


def inside(name: str, script: str) -> str:
    """Run a script in the namespace; its output."""
    command = ["ip", "netns", "exec", name, "sh", "-ec", script]
    return subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout


def digest(name: str) -> str:
    """What the command compares."""
    return hashlib.sha256(inside(name, LISTING).encode()).hexdigest()


def test_what_was_taken_away_is_put_back_exactly_and_putting_back_again_changes_nothing(host: str) -> None:
    before = digest(host)
    inside(host, opened(["spoof", "input", "output"]) + routed([
        Way("10.9.1.1", "10.9.3.1", "leg", "10.9.1.254"),
        Way("10.9.1.1", "10.9.4.1", "leg", at="02:00:00:00:00:01"),
        Way("fd09:1::1", "fd09:3::1", "leg", "fd09:1::fe"),
        Way("fd09:1::1", "fd09:4::1", "leg", at="02:00:00:00:00:01"),
    ]))  # fmt: skip
    assert digest(host) != before
    assert inside(host, "nft list chain inet shoko input").count("layer-removed") == 1
    assert "via 10.9.1.254" in inside(host, "ip route get 10.9.3.1 from 10.9.1.1")
    inside(host, PUT_BACK)
    assert digest(host) == before
    inside(host, PUT_BACK)
    assert digest(host) == before


def test_an_opened_chain_lets_pass_what_it_dropped_and_closes_by_itself(host: str) -> None:
    def sends() -> bool:
        send = ["bash", "-c", "exec 3<>/dev/udp/10.9.1.77/9 && echo x >&3"]
        return subprocess.run(["ip", "netns", "exec", host, *send], capture_output=True, check=False).returncode == 0

    assert not sends()
    inside(host, opened(["output"]))
    assert sends()
    inside(host, PUT_BACK)
    inside(host, opened(["output"]).replace("60s", "1s"))
    give_up = time.monotonic() + 30
    while sends():
        assert time.monotonic() < give_up, "whatever became of the guard, the rules hold again"
        time.sleep(0.2)
    assert "layer-removed" in inside(host, "nft list chain inet shoko output"), "nobody put them back"


def test_the_guard_notices_that_the_command_was_killed(tmp_path: Path) -> None:
    """Of a lab without hosts: only that it begins, waits, and ends by itself after kill -9 is seen here."""
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from shoko.lab.settings import settings_for\n"
        "from shoko.proof.dynamic.layers_guard import guarded\n"
        f"with guarded(settings_for(Path({str(tmp_path)!r})), []):\n"
        "    print('away', flush=True)\n"
        "    time.sleep(60)\n"
    )
    environment = {**os.environ, "SHOKO_LAB_STATE": str(tmp_path), "SHOKO_LAB_ID": "guard"}
    command = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)
    assert command.stdout is not None
    assert command.stdout.readline() == "away\n"
    (guard,) = [int(one) for one in Path(f"/proc/{command.pid}/task/{command.pid}/children").read_text().split()]
    command.send_signal(signal.SIGKILL)
    command.wait()
    command.stdout.close()
    give_up = time.monotonic() + 300
    while Path(f"/proc/{guard}/cmdline").exists() and Path(f"/proc/{guard}/cmdline").read_bytes():
        assert time.monotonic() < give_up, "the guard still waits"
        time.sleep(0.2)
