"""The lab as a user meets it while it runs."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from traces import root_network

MANAGED = [
    "ctl1",
    "fw1",
    "fw2",
    "sw1",
    "rp1",
    "rp2",
    "app1",
    "app2",
    "db1",
    "db2",
    "db3",
    "px1",
    "px2",
    "bas1",
    "log1",
    "log2",
    "mon1",
    "bak1",
    "tb-central",
    "ti-central",
    "to-central",
    "tb-south",
    "ti-south",
]
OUTSIDE = ["world", "home", "vendor", "attacker", "pt-central"]


def test_every_host_of_the_site_runs_without_a_failed_unit(lab):
    states = lab.states()
    assert set(states) == {*MANAGED, *OUTSIDE}
    assert set(states.values()) == {"running"}, states


def test_status_tells_zone_and_addresses(lab):
    rows = {row["name"]: row for row in json.loads(lab.run("status", "--json").stdout)["hosts"]}
    assert rows["app1"]["zone"] == "business"
    assert {"10.10.40.11/24", "10.10.30.11/24", "fd5e:c0:0:40::11/64"} <= set(rows["app1"]["addresses"])
    assert rows["home"]["managed"] is False


def test_the_administrator_comes_in_everywhere_over_the_day_0_network(lab):
    def who(host: str) -> str:
        done = lab.ssh(host, "echo $(hostname) $(id -un) $(sudo id -u)")
        return done.stdout.strip() or done.stderr.strip()

    with ThreadPoolExecutor(4) as pool:
        answers = dict(zip(MANAGED, pool.map(who, MANAGED), strict=True))
    assert answers == {host: f"{host} shoko 0" for host in MANAGED}


def test_the_switch_carries_tcp_and_not_only_ping(lab):
    """Checksum offload on a cable would lose every TCP segment in the userspace switch."""
    size = 20_000_000
    begun = time.monotonic()
    done = lab.ssh("rp1", f"head -c {size} /dev/zero | tr '\\0' x")
    assert len(done.stdout) == size
    assert time.monotonic() - begun < 30


def test_a_host_s_name_and_machine_id_are_its_own(lab):
    ids = {host: lab.inside(host, "cat", "/etc/machine-id").stdout.strip() for host in ("rp1", "rp2", "db1")}
    assert len(set(ids.values())) == 3
    assert lab.inside("rp1", "hostname").stdout.strip() == "rp1"


@pytest.mark.parametrize("code", [0, 7, 255])
def test_exec_returns_the_exit_code_of_the_command(lab, code):
    assert lab.inside("rp1", "sh", "-c", f"exit {code}", check=False).returncode == code


def test_exec_hands_words_over_as_they_are(lab):
    assert lab.inside("rp1", "printf", "%s|", "two words", "$HOME", "--flag").stdout == "two words|$HOME|--flag|"


def test_exec_has_the_host_s_rights_and_no_more(lab):
    """A root shell of the host cannot set the machine's clock, nor see the machine's files."""
    assert lab.inside("rp1", "date", "-s", "2030-01-01", check=False).returncode != 0
    assert lab.inside("rp1", "test", "-e", str(lab.folder), check=False).returncode == 1


def test_exec_names_what_is_wrong_with_a_host(lab):
    done = lab.inside("nowhere", "true", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("shoko: nowhere: no such lab host (there are: app1 app2 ")


def test_sysctls_of_the_network_can_be_set_inside_a_gateway(lab):
    done = lab.inside("fw1", "sysctl", "-w", "net.ipv4.conf.all.rp_filter=1", "net.ipv4.ip_forward=1")
    assert done.stdout.count("=") == 2


def test_starting_again_finds_everything_in_place(lab):
    before = lab.inside("db1", "cat", "/proc/sys/kernel/random/boot_id", "/proc/1/stat").stdout
    begun = time.monotonic()
    done = lab.run("up")
    assert time.monotonic() - begun < 30
    assert "28 hosts are up" in done.stderr
    assert (
        lab.inside("db1", "cat", "/proc/sys/kernel/random/boot_id", "/proc/1/stat").stdout.split()[:3]
        == (before.split()[:3])
    )


def test_a_restarted_host_keeps_its_disk_and_forgets_its_kernel_state(lab):
    lab.inside("rp2", "sh", "-c", "echo kept >/var/lib/kept; nft add table inet leftover; ip a a 192.0.2.99/32 dev lo")
    lab.run("restart", "rp2")
    assert lab.inside("rp2", "cat", "/var/lib/kept").stdout == "kept\n"
    assert "leftover" not in lab.inside("rp2", "nft", "list", "tables").stdout
    assert "192.0.2.99" not in lab.inside("rp2", "ip", "-br", "address").stdout
    assert lab.ssh("rp2", "sudo systemctl is-system-running").stdout == "running\n"


def test_a_restarted_switch_switches_again(lab):
    lab.run("restart", "sw1")
    assert lab.ssh("sw1", "hostname").stdout == "sw1\n"
    assert lab.ssh("db2", "hostname").stdout == "db2\n"


def test_the_machine_s_own_network_is_untouched(lab, machine_network):
    assert root_network() == machine_network


def test_no_host_reaches_the_machine_s_own_network(lab):
    """Every default route of the lab ends at `world`, and `world` has none."""
    assert lab.inside("world", "ip", "route", "show", "default").stdout == ""
    assert lab.inside("world", "ip", "-6", "route", "show", "default").stdout == ""
    gateway = subprocess.run(
        ["ip", "-j", "route", "show", "default"], capture_output=True, text=True, check=True
    ).stdout
    for route in json.loads(gateway):
        for host in ("world", "home"):
            assert lab.inside(host, "ping", "-c1", "-W1", route["gateway"], check=False).returncode != 0


def test_private_addresses_end_at_the_provider(lab):
    done = lab.inside("home", "ping", "-c1", "-W1", "10.10.40.11", check=False)
    assert done.returncode != 0
    assert "Unreachable" in done.stdout


def test_a_second_lab_stands_beside_the_first(lab, second_lab):
    before = lab.inside("rp1", "cat", "/proc/1/stat").stdout.split()[21]
    second_lab.run("up", "--hosts", "sw1,ctl1,rp1")
    assert second_lab.ssh("sw1", "hostname").stdout == "sw1\n"
    second_lab.run("down")
    assert lab.inside("rp1", "cat", "/proc/1/stat").stdout.split()[21] == before
    assert lab.ssh("rp1", "hostname").stdout == "rp1\n"
