"""Preflight, kernel limits, settings, relay routes: one clear line for each mistake."""

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from shoko.lab import kernel
from shoko.lab.errors import LabError, PreflightError
from shoko.lab.preflight import Machine, check_ports, free_ports, listener, problems
from shoko.lab.relay import Route, parse_route
from shoko.lab.settings import LabRecord, lab_id, read_record

GOOD = Machine(
    uid=0,
    path=None,
    filesystems="nodev\toverlay\n\text4\n",
    free=50 * 2**30,
    needed=10 * 2**30,
    place=Path("/var/lib/shoko-lab"),
    tun=True,
    cgroup_kill=True,
    keyring=True,
)


def test_not_root_is_one_line_and_nothing_else():
    assert problems(replace(GOOD, uid=1000, free=0)) == [
        "not root: the lab makes network namespaces and starts machines; run again as root"
    ]


def test_a_machine_without_programs_is_told_what_to_install(tmp_path):
    found = problems(replace(GOOD, path=str(tmp_path)))
    assert found[0] == "no systemd-nspawn: apt-get install systemd-container"
    assert found[1].startswith("programs are missing: apt-get install debootstrap ethtool")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"free": 3 * 2**30}, "disk nearly full: /var/lib/shoko-lab has 3.0 GiB free, the lab needs 10 GiB"),
        ({"filesystems": "\text4\n"}, "no overlayfs"),
        ({"tun": False}, "no /dev/net/tun"),
        ({"cgroup_kill": False}, "no cgroup2 with cgroup.kill"),
    ],
)
def test_each_lack_is_one_line(change, words):
    lines = [line for line in problems(replace(GOOD, **change)) if words in line]
    assert len(lines) == 1


def test_an_occupied_port_is_named_with_its_owner():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert listener(port) == f"{Path('/proc/self/comm').read_text().strip()} (pid {os.getpid()})"
        with pytest.raises(PreflightError, match=rf"port {port} on 127.0.0.1 is occupied by .*pid {os.getpid()}"):
            check_ports((port, free_ports()[0]))


def test_limits_are_raised_once_and_never_lowered(tmp_path):
    for name in kernel.LIMITS:
        path = tmp_path / name.replace(".", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("128\n")
    generous = tmp_path / "kernel/keys/maxkeys"
    generous.write_text("1000000\n")
    assert "fs.inotify.max_user_instances: 128 -> 8192" in kernel.raise_limits(tmp_path)
    assert generous.read_text() == "1000000\n"
    assert kernel.raise_limits(tmp_path) == []


def test_two_checkouts_have_two_labs(monkeypatch):
    monkeypatch.delenv("SHOKO_LAB_ID", raising=False)
    assert lab_id(Path("/a")) == lab_id(Path("/a")) != lab_id(Path("/b"))


@pytest.mark.parametrize("name", ["Upper", "with-dash", "far-too-long-name", ""])
def test_a_bad_lab_id_is_refused(monkeypatch, name):
    monkeypatch.setenv("SHOKO_LAB_ID", name)
    with pytest.raises(LabError, match="a-z and 0-9"):
        lab_id()


def test_the_record_survives_and_a_damaged_one_is_named(tmp_path):
    path = tmp_path / "lab.json"
    assert read_record(path) is None
    record = LabRecord(Path("/checkout"), Path("/checkout/inventories/lab"), (8443, 8444))
    record.write(path)
    assert read_record(path) == record
    path.write_text('{"ports": [1]}')
    with pytest.raises(LabError, match=r"lab\.json: damaged"):
        read_record(path)


@pytest.mark.parametrize(
    "route",
    [Route(8443, "skabc-home", "198.51.100.20", 443), Route(8443, "skabc-home", "2001:db8:0:20::20", 443)],
)
def test_a_relay_route_is_read_as_it_is_written(route):
    assert parse_route(str(route)) == route


def test_a_malformed_relay_route_is_refused():
    with pytest.raises(LabError, match="PORT:NAMESPACE:ADDRESS:PORT"):
        parse_route("8443:home")
