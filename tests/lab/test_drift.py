"""`shoko drift` on the converged lab: slips made by hand are told with who can reach what, by the command and, without
anybody asking, by the control node's watch at both collectors; and the key of those who look is good for nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from collected import COLLECTORS, DOMAIN, KEPT, eventually
from converged import Converged
from segments.site import CHECKOUT, SITE

from shoko.declaration import load
from shoko.proof.expected.ports import ports

PATIENCE = 120  # seconds; how long it takes is measured by tests/bench/drift.py


def drift(*more: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the result for machines."""
    done = subprocess.run(
        [sys.executable, "-m", "shoko.cli", "drift", "-i", str(SITE), "--json", *more],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {"said": done.stderr}


@contextmanager
def done(lab: Converged, host: str, there: str, back: str) -> Iterator[None]:
    """A change on a host by a shell line, and another one that takes it back."""
    lab.said(host, "sh", "-ec", there)
    try:
        yield
    finally:
        lab.said(host, "sh", "-ec", back)


def port_of(host: str) -> str:
    """The port of the switch that a host's only leg is plugged into."""
    return next(name for name, port in ports(load(SITE), "sw1").items() if port.host == host)


RULE = "nft insert rule inet shoko forward iifname biz-south oifname data tcp dport 5432 accept comment by-hand"
ALLOW = (
    "cp -p /etc/squid/squid.conf /run/squid.conf.kept; sed -i -e 's/^acl ndlsearch_name .*/& evil.example/' "
    "-e 's/^acl ndlsearch_hello .*/& evil.example/' /etc/squid/squid.conf; systemctl reload squid"
)


@dataclass(frozen=True)
class Slip:
    """What somebody does on a host, how it is taken back, and the words by which it has to be told."""

    host: str
    there: str
    back: str
    words: tuple[str, ...]


SLIPS = {
    "a rule on a gateway": Slip(
        "fw2",
        RULE,
        "handle=$(nft -a list chain inet shoko forward | sed -n 's/.*by-hand.*handle //p'); "
        "nft delete rule inet shoko forward handle $handle",
        ("business/south can now reach data/servers by tcp/5432", "by-hand"),
    ),
    "an element of a set": Slip(
        "rp2",
        "nft delete element inet shoko internet4 '{ 192.0.2.0/23 }'",
        "nft add element inet shoko internet4 '{ 192.0.2.0/23 }'",
        ("the internet can no longer reach rp2 by tcp/443 (flow citizen)",),
    ),
    "a flushed ruleset": Slip(
        "mon1",
        "nft flush ruleset",
        "/usr/local/sbin/shoko-firewall load",
        ("anybody can now reach mon1 by any protocol",),
    ),
    "a VLAN": Slip(
        "sw1",
        f"ovs-vsctl set port {port_of('ti-south')} tag=50",
        f"ovs-vsctl set port {port_of('ti-south')} tag=62",
        ("ti-south's leg info stands in data.servers, and reaches without a gateway", "db1"),
    ),
    "a site in the allowlist": Slip(
        "px2",
        ALLOW,
        "mv /run/squid.conf.kept /etc/squid/squid.conf; systemctl reload squid",
        (
            "app1, app2, business/central, business/south, information/central, information/south can now reach "
            "evil.example by tcp/443 through px2",
        ),
    ),
    "a route": Slip(
        "mon1",
        "ip route add 10.10.50.0/24 via 10.10.80.1 dev mgmt",
        "ip route del 10.10.50.0/24 via 10.10.80.1 dev mgmt",
        ("a route that no flow names: 10.10.50.0/24", "can now be addressed: ", "db1"),
    ),
    "a listener": Slip(
        "bas1",
        "systemd-run --quiet --collect --unit=shoko-test-listener python3 -m http.server 4444; "
        "for i in $(seq 60); do ss -Hlnt sport = 4444 | grep -q . && exit 0; sleep 1; done; exit 1",
        "systemctl stop shoko-test-listener",
        ("python3 listens at tcp/4444 on every address, and no flow needs it", "the rules of bas1 still let nobody in"),
    ),
    "forwarding": Slip(
        "app2",
        "sysctl -qw net.ipv4.ip_forward=1",
        "sysctl -qw net.ipv4.ip_forward=0",
        ("app2 forwards IPv4: whoever stands in business/servers, webopac/servers can send packets through it",),
    ),
}  # fmt: skip


def lines(lab: Converged, collector: str, since: int) -> list[str]:
    """What the watch has said since then, as a collector holds it."""
    file = f"{KEPT}/ctl1{DOMAIN}"
    text = lab.inside(collector, "sh", "-c", f"tail -c +{since + 1} {file} | grep -F ' shoko-drift['").stdout
    return text.splitlines()


def size(lab: Converged, collector: str) -> int:
    """Bytes that a collector holds of the control node."""
    return int(lab.said(collector, "stat", "-c", "%s", f"{KEPT}/ctl1{DOMAIN}"))


@dataclass(frozen=True)
class Told:
    """What was told while the slips stood, and after they were taken back."""

    code: int
    result: dict[str, Any]
    alerts: dict[str, list[str]]  # by collector
    after: tuple[int, dict[str, Any]]
    ended: dict[str, list[str]]


def has(said: list[str], word: str, slip: Slip) -> bool:
    """Whether one of the lines is about a slip."""
    return any(f"{word} {slip.host}: " in line and all(words in line for words in slip.words) for line in said)


@pytest.fixture(scope="module")
def told(converged: Converged) -> Told:
    """All slips at once, each on a host of its own: one reading by hand and a few of the watch show them all."""
    assert drift()[0] == 0, "the lab shows no drift before"
    since = {collector: size(converged, collector) for collector in COLLECTORS}
    seen: dict[str, list[str]] = {}
    over: dict[str, list[str]] = {}

    def everything(into: dict[str, list[str]], word: str) -> Callable[[], bool]:
        def there() -> bool:
            into.update({one: lines(converged, one, since[one]) for one in COLLECTORS})
            return all(has(into[one], word, slip) for one in COLLECTORS for slip in SLIPS.values())

        return there

    with ExitStack() as slips:
        for slip in SLIPS.values():
            slips.enter_context(_made(converged, slip))
        code, result = drift()
        eventually(everything(seen, "DRIFT"), PATIENCE)
    after = drift()
    eventually(everything(over, "ENDED"), PATIENCE)
    return Told(code, result, seen, after, over)


def _made(lab: Converged, slip: Slip) -> AbstractContextManager[None]:
    return done(lab, slip.host, slip.there, slip.back)


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_a_slip_is_told_with_who_can_reach_what(told: Told, slip: Slip) -> None:
    assert told.code == 1
    (host,) = [one for one in told.result["hosts"] if one["host"] == slip.host]
    said = " | ".join(change["text"] for change in host["changes"])
    for words in slip.words:
        assert words in said


def test_only_where_somebody_was_is_anything_told(told: Told) -> None:
    changed = {one["host"] for one in told.result["hosts"] if one["changes"]}
    assert changed - {"together"} == {slip.host for slip in SLIPS.values()}
    unread = {one["host"] for one in told.result["hosts"] if one["unread"]}
    assert unread == {"ti-south"}, "the terminal in the wrong VLAN is not where it is looked for"


@pytest.mark.parametrize("collector", COLLECTORS)
@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_the_watch_tells_it_at_both_collectors_and_says_when_it_has_ended(
    told: Told, slip: Slip, collector: str
) -> None:
    assert has(told.alerts[collector], "DRIFT", slip), told.alerts[collector]
    (line, *_more) = [one for one in told.alerts[collector] if has([one], "DRIFT", slip)]
    assert "daemon.alert" in line
    assert has(told.ended[collector], "ENDED", slip), told.ended[collector]


def test_nothing_is_left(told: Told) -> None:
    assert told.after[0] == 0, told.after[1]


def test_the_control_node_tells_what_its_watch_found_last(told: Told) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "shoko.cli", "drift", "-i", str(SITE), "--last"],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("looked last at 20"), done.stdout + done.stderr


def test_a_host_that_cannot_be_read_is_named(converged: Converged) -> None:
    with done(converged, "bak1", "systemctl stop ssh.service", "systemctl start ssh.service"):
        code, result = drift("--host", "bak1")
    assert code == 2, result
    assert result["hosts"][0]["unread"], result


KEY = "/etc/shoko/keys/observer"


COPY = "/var/tmp/shoko-test-copied"  # noqa: S108 - nothing is ever written there


def as_observer(
    lab: Converged, program: str, *words: str, given: str = "", seconds: int = 60
) -> subprocess.CompletedProcess[str]:
    """A program of OpenSSH on the control node, for some seconds, as the user of the watch with its key."""
    options = [
        "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i", KEY, "-o", "UserKnownHostsFile=none",
        "-o", "GlobalKnownHostsFile=/etc/ssh/ssh_known_hosts", "-o", "HostKeyAlias=db1", "-o", "ConnectTimeout=30",
    ]  # fmt: skip
    line = ["timeout", str(seconds), "runuser", "-u", "shoko-drift", "--", program, *options, *words]
    return lab.inside("ctl1", "sh", "-c", 'printf "$0" | exec "$@"', given, *line)


OBSERVER = "shoko-observe@10.10.50.11"


def test_the_key_brings_a_page_and_nothing_else(converged: Converged) -> None:
    page = as_observer(converged, "ssh", OBSERVER, given="\\n")
    assert json.loads(page.stdout)["errors"] == {}
    for command in ("cat /etc/shadow", "sh", "sudo -n id", "nft flush ruleset", "/usr/local/sbin/shoko-observe; id"):
        asked = as_observer(converged, "ssh", OBSERVER, command)
        assert asked.stdout == "", command
    with_terminal = as_observer(converged, "ssh", "-tt", OBSERVER, given="id\\n")
    assert "PTY allocation request failed" in with_terminal.stderr
    assert "uid=" not in with_terminal.stdout


def test_the_key_copies_nothing(converged: Converged) -> None:
    # The observer waits for a line that no copying program sends.
    there = as_observer(converged, "scp", "/etc/hostname", f"{OBSERVER}:{COPY}", seconds=10)
    back = as_observer(converged, "scp", f"{OBSERVER}:/etc/passwd", COPY, seconds=10)
    old = as_observer(converged, "scp", "-O", f"{OBSERVER}:/etc/passwd", COPY, seconds=10)
    assert 0 not in (there.returncode, back.returncode, old.returncode)
    assert converged.inside("db1", "test", "-e", COPY).returncode != 0
    assert converged.inside("ctl1", "test", "-s", COPY).returncode != 0


@pytest.mark.parametrize(
    "words",
    [
        ("-W", "127.0.0.1:22", OBSERVER),
        ("-o", "ExitOnForwardFailure=yes", "-R", "45678:127.0.0.1:22", OBSERVER),
    ],
)
def test_the_key_forwards_nothing(converged: Converged, words: tuple[str, ...]) -> None:
    asked = as_observer(converged, "ssh", *words, seconds=10)
    assert asked.returncode != 0
    assert "SSH-2.0" not in asked.stdout


def test_the_key_is_nobody_elses(converged: Converged) -> None:
    assert "Permission denied" in as_observer(converged, "ssh", "shoko@10.10.50.11", "id").stderr
    assert "Permission denied" in as_observer(converged, "ssh", "root@10.10.50.11", "id").stderr


def test_the_watch_has_no_other_key_and_the_account_no_other_right(converged: Converged) -> None:
    other = converged.inside("ctl1", "runuser", "-u", "shoko-drift", "--", "cat", "/etc/shoko/keys/controller")
    assert other.returncode != 0
    assert other.stdout == ""
    for command in (
        ["cat", "/etc/shadow"],
        ["sudo", "-n", "cat", "/etc/shadow"],
        ["sudo", "-n", "/usr/local/sbin/shoko-observe"],
        ["sudo", "-n", "/usr/local/sbin/shoko-observe", "--each-line", "more"],
        ["test", "-w", "/usr/local/sbin/shoko-observe"],
    ):
        tried = converged.inside("db1", "runuser", "-u", "shoko-observe", "--", *command)
        assert tried.returncode != 0, command
        assert "root:" not in tried.stdout
