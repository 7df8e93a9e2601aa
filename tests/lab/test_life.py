"""Killed, rebooted, abandoned, taken down: what stays and what does not."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from conftest import CHECKOUT, SITE, LabCommand
from traces import root_network, traces

# Enough to reach a host behind a gateway; the wiring is always whole.
FEW = ("--hosts", "sw1,ctl1,fw1,db1")


def cut_power(lab: LabCommand) -> None:
    """What a reboot of the machine does to a lab: no process, no namespace, no mount; files stay."""
    for group in Path("/sys/fs/cgroup").glob(f"**/lab/{lab.ident}/cgroup.kill"):
        group.write_text("1")
    while any(traces(lab.ident)["processes"]):
        time.sleep(0.1)
    for name in traces(lab.ident)["namespaces"]:
        subprocess.run(["ip", "netns", "del", name], check=True)


def test_a_lab_whose_start_was_killed_is_finished_by_starting_again(second_lab):
    starting = subprocess.Popen(
        second_lab.command("up", *FEW), env=second_lab.environment, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True
    )
    for line in starting.stderr:
        if "starting" in line:
            break
    time.sleep(0.5)  # somewhere in the middle: wires or first hosts
    os.kill(starting.pid, signal.SIGKILL)
    starting.wait()
    second_lab.run("up", *FEW)
    states = second_lab.states()
    assert {host: states[host] for host in FEW[1].split(",")} == dict.fromkeys(FEW[1].split(","), "running")
    assert second_lab.ssh("db1", "hostname").stdout == "db1\n"


def test_after_a_reboot_of_the_machine_the_same_hosts_come_back_with_their_data(second_lab):
    second_lab.run("up", *FEW)
    key = second_lab.inside("db1", "cat", "/etc/ssh/ssh_host_ed25519_key.pub").stdout
    second_lab.inside("db1", "sh", "-c", "echo data >/var/lib/data; sync")
    cut_power(second_lab)
    second_lab.run("up", *FEW)
    assert second_lab.inside("db1", "cat", "/var/lib/data").stdout == "data\n"
    assert second_lab.inside("db1", "cat", "/etc/ssh/ssh_host_ed25519_key.pub").stdout == key
    assert second_lab.ssh("db1", "hostname").stdout == "db1\n"


def test_a_host_that_froze_or_died_is_started_again(second_lab):
    second_lab.run("up", *FEW)
    (group,) = Path("/sys/fs/cgroup").glob(f"**/lab/{second_lab.ident}/fw1/cgroup.kill")
    group.write_text("1")
    (frozen,) = Path("/sys/fs/cgroup").glob(f"**/lab/{second_lab.ident}/db1/cgroup.freeze")
    frozen.write_text("1")
    states = second_lab.states()
    assert (states["fw1"], states["db1"]) == ("off", "frozen")
    assert "db1 is frozen" in second_lab.inside("db1", "true", check=False).stderr
    assert "db1 is frozen and stays so" in second_lab.run("up", *FEW).stderr
    assert second_lab.states()["fw1"] == "running"
    second_lab.run("restart", "db1")
    assert second_lab.states()["db1"] == "running"


def test_down_leaves_nothing(second_lab):
    before = root_network()
    second_lab.run("up", *FEW)
    assert all(traces(second_lab.ident).values()), "the count would see what stays"
    ports = json.loads((second_lab.folder / "lab.json").read_text())["ports"]
    second_lab.run("down")
    assert traces(second_lab.ident) == {kind: set() for kind in traces(second_lab.ident)}
    assert root_network() == before
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    second_lab.run("down")  # and again, when there is nothing


def test_a_lab_whose_checkout_is_gone_is_reaped(second_lab):
    second_lab.run("up", "--hosts", "sw1,ctl1")
    record = second_lab.folder / "lab.json"
    body = json.loads(record.read_text())
    record.write_text(json.dumps({**body, "checkout": "/nowhere/shoko"}))
    done = second_lab.run("reap")
    assert "/nowhere/shoko is gone" in done.stderr
    assert not any(traces(second_lab.ident).values())
    assert not second_lab.folder.exists()


def test_an_occupied_port_is_one_clear_line(second_lab):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = second_lab.run("up", "--ports", f"{port},1", check=False)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"shoko: port {port} on 127.0.0.1 is occupied by ")
    assert "Traceback" not in done.stderr


def test_without_root_there_is_one_clear_line(second_lab):
    # The test's Python may lie where only root can read, so it is loaded before the rights are dropped.
    become = "import os, sys, shoko.cli, shoko.lab.commands; os.setuid(65534); sys.exit(shoko.cli.main(sys.argv[1:]))"
    command = [sys.executable, "-c", become, "lab", "up", "-i", str(SITE)]
    done = subprocess.run(
        command, env=second_lab.environment, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("shoko: not root: ")
    assert len(done.stderr.strip().splitlines()) == 1
