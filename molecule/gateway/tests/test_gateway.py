"""Two gateways that stand in for each other, on throw-away hosts."""

import json
import shlex
import time

import pytest
from members import member

SHARED = {"10.10.80.1", "198.51.100.17", "203.0.113.1", "10.10.50.1"}

# Connects to the SSH port of rp1, waits for a sign, then says something that sshd answers on the same connection.
TALK = """exec /usr/bin/python3 -c '
import os, socket, time
s = socket.create_connection(("198.51.100.21", 22), 20); s.settimeout(80)
log = open("/run/talk", "w", buffering=1)
print("greeting", s.recv(100), file=log)
while not os.path.exists("/run/talk.go"): time.sleep(0.1)
s.sendall(b"not SSH\\r\\n")
answer = s.recv(100)
print("answer" if answer else "closed", answer, file=log)
'"""


def held(name):
    links = json.loads(member(name).check_output("ip -json -4 address show"))
    return {one["local"] for link in links for one in link["addr_info"]} & SHARED


def settled():
    """Wait until exactly one gateway has all shared addresses; its name and the other's."""
    deadline = time.monotonic() + 90
    while True:
        state = {name: held(name) for name in ("fw1", "fw2")}
        for name, other in (("fw1", "fw2"), ("fw2", "fw1")):
            if state[name] == SHARED and not state[other]:
                return name, other
        assert time.monotonic() < deadline, state
        time.sleep(0.5)


@pytest.fixture(params=["fw1", "fw2"])
def host(request):
    return member(request.param)


@pytest.mark.parametrize("unit", ["keepalived", "conntrackd", "nftables", "shoko-vpn"])
def test_units_run_and_come_back(host, unit):
    assert host.service(unit).is_running
    assert host.service(unit).is_enabled


def test_a_killed_keepalived_leaves_no_address_behind():
    active, standby = settled()
    member(active).check_output("systemctl kill --signal=KILL keepalived")
    deadline = time.monotonic() + 90
    while not (held(standby) == SHARED and not held(active)):
        assert time.monotonic() < deadline, (held(active), held(standby))
        time.sleep(0.3)
    while not member(active).service("keepalived").is_running:  # systemd waits a moment before it starts it again
        assert time.monotonic() < deadline
        time.sleep(0.3)


def test_nobody_takes_the_addresses_back():
    """The gateway that lost them is well again and leaves them where they are: a fault costs one move."""
    active, standby = settled()
    time.sleep(5)
    assert settled() == (active, standby)


def test_a_session_is_known_to_the_other_gateway():
    """What passes the active one is in the standby's kernel too, with the number of its flow."""
    member("rp1").check_output("true")
    _, standby = settled()
    sessions = member(standby).check_output("conntrack -L -p tcp --dport 22 2>/dev/null")
    assert any("dst=198.51.100.21" in line and "mark=16" in line for line in sessions.splitlines())


def test_a_session_lives_on_when_the_addresses_move():
    """One connection from the control node to rp1 goes on answering through a switch of gateways."""
    active, standby = settled()
    control = member("ctl1")
    control.check_output(f"rm -f /run/talk; systemd-run --quiet --collect --unit=talk sh -c {shlex.quote(TALK)}")
    wait_for_line("greeting")
    member(active).check_output("systemctl stop keepalived")
    try:
        deadline = time.monotonic() + 90
        while held(standby) != SHARED:
            assert time.monotonic() < deadline
            time.sleep(0.3)
        control.check_output("touch /run/talk.go")
        wait_for_line("answer")
    finally:
        member(active).check_output("systemctl start keepalived")
        control.run("systemctl stop talk; rm -f /run/talk /run/talk.go")


def wait_for_line(word):
    deadline = time.monotonic() + 90
    while word not in (said := member("ctl1").run("cat /run/talk").stdout):
        assert time.monotonic() < deadline, said
        time.sleep(0.5)


def test_a_dead_line_moves_the_addresses_and_two_dead_lines_move_nothing():
    active, standby = settled()
    try:
        member(active).check_output("ip link set line down")
        deadline = time.monotonic() + 90
        while held(standby) != SHARED:
            assert time.monotonic() < deadline, "the gateway with the living line did not take over"
            time.sleep(0.5)
        member(standby).check_output("ip link set line down")
        time.sleep(8)
        inner = SHARED - {"203.0.113.1"}
        assert held(standby) >= inner, "two dead lines stopped the counters"
        assert not held(active) & inner
    finally:
        for name in (active, standby):
            member(name).check_output("ip link set line up && networkctl reconfigure line")
    settled()
