"""What role `hardening` does to hosts with a kernel of their own, and what of it reaches the log collectors.

A terminal and a server, each test for one and then for the other. In order: each stands on the ones before, and one of
them starts the host anew. `make kernel`; with the scanners, `make kernel-benchmarks` (hours).
"""

import datetime
import json
import os
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import benchmarks
import console
import pytest
import yaml
from conftest import CHECKOUT, LabCommand
from emulated import Emulated

from shoko.hardening.sandbox import bar, sandboxes
from shoko.hardening.waivers import waivers

TERMINAL, SERVER = HOSTS = ("tb-central", "px2")  # of a counter, and one that the whole network comes to
# Beside them: what is on their way, where packages come from, and who collects.
COLLECTORS = ("log1", "log2")
FEW = f"sw1,ctl1,fw1,fw2,px1,{','.join((*COLLECTORS, *HOSTS))}"
DATA = yaml.safe_load((CHECKOUT / "shoko/data/kernel.yml").read_text())
EVENTS_BAR = 10  # seconds
LATEST: dict[str, float] = {}  # seconds until the last event of a host was with a collector
PATIENCE = 120  # seconds until an event must be with a collector on a busy machine; how late it was is printed


@pytest.fixture(scope="module")
def converged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LabCommand, Path]]:
    """Both hosts, their network and their collectors after the site's run; taken down and removed at the end."""
    folder: Path = tmp_path_factory.mktemp("kernel")
    lab = LabCommand(f"tk{os.getpid() % 100000}", folder / "state")
    try:
        lab.run("up", "--hosts", f"{FEW},world", "--virtual", ",".join(HOSTS))
        first = Emulated(lab, folder, HOSTS[0])
        first.authority()
        first.site("--limit", FEW)
        yield lab, folder
    finally:
        lab.end()


@pytest.fixture(scope="module", params=HOSTS)
def host(request: pytest.FixtureRequest, converged: tuple[LabCommand, Path]) -> Emulated:
    """One of them after the other."""
    return Emulated(*converged, request.param)


@pytest.fixture(scope="module")
def lent(host: Emulated) -> Iterator[Emulated]:
    """The host with the scanners on it."""
    benchmarks.tools()
    benchmarks.lend(host)
    try:
        yield host
    finally:
        benchmarks.take_back(host)


def test_another_run_changes_nothing(host: Emulated) -> None:
    assert host.play(tags="hardening")["changed"] == 0


def test_a_container_that_is_said_to_have_a_kernel_is_refused(host: Emulated) -> None:
    said = host.refused("--limit", "log1", "--tags", "hardening", "--check", "-e", "hardening_kernel=own")
    assert "this host is a container and not declared as one" in said


def test_files_of_packages_have_their_rights_before_any_restart(host: Emulated) -> None:
    """The boot loader's holds the hash of its password."""
    for each in DATA["rights"]:
        found = host.run(f"find {' '.join(each['paths'])} -maxdepth 0 -printf '%m\\n' 2>/dev/null", check=False)
        assert {each["mode"].lstrip("0")} == set(found.split()), f"not {each['mode']}"


def test_after_a_restart_all_is_in_force(host: Emulated) -> None:
    host.reboot()
    assert host.run("systemctl --failed --no-legend --plain").split() == []
    words = host.run("cat /proc/cmdline").split()
    assert [word for each in DATA["command_line"] for word in each["words"] if word not in words] == []


def test_settings_are_as_declared(host: Emulated) -> None:
    wanted = {key: str(value) for each in DATA["sysctl"] for key, value in each["set"].items()}
    lines = host.run(f"sysctl {' '.join(wanted)}").splitlines()
    found = {key: " ".join(value.split()) for key, value in (line.split(" = ", 1) for line in lines)}
    assert found == wanted


def test_what_is_refused_is_loaded_for_nobody(host: Emulated) -> None:
    refused = {module.replace("-", "_") for each in DATA["modules"] for module in each["refuse"]}
    installs = re.findall(r"^install (\S+) /bin/false$", host.run("modprobe --showconfig"), re.MULTILINE)
    assert refused <= {name.replace("-", "_") for name in installs}
    loaded = {line.split(maxsplit=1)[0] for line in host.run("cat /proc/modules").splitlines()}
    assert refused & loaded == set()
    for module in ("sctp", "squashfs", "firewire-core"):
        assert tried(host, module) == "refused"
    # The kernel's own wish, for a user that asks for a socket of a protocol (AF_RDS is 21).
    ask = "python3 -c 'import socket; socket.socket(21, socket.SOCK_SEQPACKET)' 2>&1 || true"
    assert "not supported" in host.run(ask)
    assert tried(host, "dummy") == "loaded", "what is not refused is loaded"


@pytest.mark.parametrize("driver", ["usb-storage", "uas", "rtsx-usb"])
def test_storage_gets_a_driver_where_registered_media_are_accepted_alone(host: Emulated, driver: str) -> None:
    policy = host.declaration.usb_policy(host.declaration.hosts[host.name])
    accepts = policy is not None and policy.media == "registered"
    assert accepts == (host.name == TERMINAL), "both kinds of hosts are looked at"
    assert tried(host, driver) == ("loaded" if accepts else "refused")


def tried(host: Emulated, module: str) -> str:
    """What becomes of a module that root asks for."""
    return host.run(f"modprobe {module} 2>/dev/null && echo loaded || echo refused").strip()


FIRST_ROOT = """
for kernel in /boot/vmlinuz-*; do
    cd $(mktemp -d -p /root) && unmkinitramfs /boot/initrd.img-${kernel#*vmlinuz-} .
    for file in $(find . -path '*/etc/modprobe.d/shoko-*'); do
        cmp $file /etc/modprobe.d/$(basename $file) && echo same
    done
    rm -r "$PWD"
done
"""


def test_the_first_root_has_the_settings_of_modules(host: Emulated) -> None:
    """It loads drivers of what is plugged in before any file system of the host's is there."""
    kernels = host.run("ls /boot/vmlinuz-*").split()
    assert host.run(FIRST_ROOT).split() == ["same", "same"] * len(kernels)


def test_a_run_that_was_interrupted_before_the_first_root_is_finished_by_the_next(host: Emulated) -> None:
    host.run("touch /etc/modprobe.d/shoko-hardening.conf")
    assert host.play(tags="hardening")["changed"] == 1
    assert host.play(tags="hardening")["changed"] == 0


def test_mounts_hold_what_they_may(host: Emulated) -> None:
    for mount in DATA["mounts"]:
        # Of several mounts upon each other the last one counts.
        options = host.run(f"findmnt --noheadings --output OPTIONS {mount['at']}").split()[-1].split(",")
        assert set(mount["options"]) - {"exec"} <= set(options), mount["at"]
        assert ("noexec" in options) == ("noexec" in mount["options"]), mount["at"]
        if mount["at"] == "/proc":
            continue  # nothing can be put there
        said = host.run(f"cd {mount['at']} && cp /bin/true x && ./x 2>&1; echo $?; rm -f x").split()[-1]
        assert said == ("126" if "noexec" in mount["options"] else "0"), mount["at"]


def test_a_folder_with_a_file_system_of_its_own_keeps_its_options_and_nothing_below_a_folder_is_hidden(
    converged: tuple[LabCommand, Path],
) -> None:
    host = Emulated(*converged, TERMINAL)
    host.run("systemctl stop srv.mount opt.mount && mkdir /srv/apart && mount -t tmpfs tmpfs /srv/apart")
    host.run("touch /srv/apart/there && echo 'tmpfs /opt/ tmpfs mode=0711,size=4m 0 0' >>/etc/fstab && mount /opt")
    try:
        assert host.play(tags="hardening")["failed"] == 0
        options = host.run("findmnt --noheadings --output OPTIONS /opt").split()[-1]
        assert {"size=4096k", "mode=711", "nosuid", "nodev"} <= set(options.split(","))
        assert host.run("ls /srv/apart").split() == ["there"]
        assert host.play(tags="hardening")["changed"] == 0
    finally:
        # What is unmounted above goes below as well.
        host.run("umount /srv/apart && systemctl stop srv.mount; umount -q /srv/apart; rmdir /srv/apart; umount /opt")
        host.run("sed -i '/^tmpfs .opt. /d' /etc/fstab && systemctl daemon-reload")
    host.play(tags="hardening")
    assert host.play(tags="hardening")["changed"] == 0


# A package of nothing but a program that dpkg runs from /var.
PACKAGE = """
cd $(mktemp -d -p /root) && mkdir -p p/DEBIAN && chmod 755 p p/DEBIAN
cat >p/DEBIAN/control <<'END'
Package: shoko-nothing
Version: 1
Architecture: all
Maintainer: nobody
Description: nothing
END
cat >p/DEBIAN/postinst <<'END'
#!/bin/sh
touch /run/shoko-nothing
findmnt --noheadings --output OPTIONS /var | tail -n 1 >/root/shoko-while
END
chmod 755 p/DEBIAN/postinst
dpkg-deb --build p p.deb && dpkg -i p.deb && dpkg -P shoko-nothing && rm /run/shoko-nothing && rm -r "$PWD"
"""


def test_packages_bring_programs_to_var_and_nobody_else_does(host: Emulated) -> None:
    """/var stays as it is while dpkg runs: a dpkg that dies leaves nothing open."""
    host.run(PACKAGE)
    assert "noexec" in host.run("findmnt --noheadings --output OPTIONS /var").splitlines()[-1].split(",")
    assert "noexec" in host.run("cat /root/shoko-while && rm /root/shoko-while").strip().split(",")
    assert host.run(r"find /var/lib/dpkg ! -type l \( ! -user root -o -perm /022 \)").split() == []


def test_a_person_sees_nobody_elses_processes(host: Emulated) -> None:
    count = "ls /proc | grep -c '^[0-9]'"
    seen = int(host.run(f"setpriv --reuid nobody --regid nogroup --clear-groups sh -c {shlex.quote(count)}"))
    assert seen < 10 < int(host.run(count))
    # logind, which must tell whose a process is, still can: this very session is known to it.
    assert "shoko" in host.run("loginctl list-sessions --no-legend")


def test_sudo_runs_for_those_alone_whom_a_rule_lets_in(host: Emulated) -> None:
    assert host.run("stat -c '%a %U %G' /usr/bin/sudo").split() == ["4110", "root", "sudogrp"]
    assert host.run("id -nG shoko-observe").split()[-1] == "sudogrp"
    # A shell between: what setpriv starts itself is looked at with root's rights still.
    asked = "setpriv --reuid nobody --regid {} --clear-groups sh -c 'sudo -V' 2>&1 || true"
    assert "Permission denied" in host.run(asked.format("nogroup"))
    assert "Sudo version" in host.run(asked.format("sudogrp"))


def test_the_boot_loader_asks_before_it_starts_anything_else(host: Emulated) -> None:
    """That it starts what is on its list without asking, the restart above has shown."""
    text = host.run("cat /boot/grub/grub.cfg")
    assert re.search(r'^set superusers="shoko"$', text, re.MULTILINE)
    assert re.search(r"^password_pbkdf2 shoko grub\.pbkdf2\.sha512\.", text, re.MULTILINE)
    assert "recovery" not in text
    assert host.run("stat -c %a /boot/grub/grub.cfg").strip() == "600"


def test_what_needs_a_kernel_of_its_own_is_in_its_sandbox_too(host: Emulated) -> None:
    units = [unit for unit, one in sandboxes().items() if one.role == "hardening"]
    said = host.run(f"systemd-analyze security --no-pager {' '.join(f'{unit}.service' for unit in units)}")
    found = {unit: float(level) for unit, level in re.findall(r"level for (\S+)\.service: ([0-9.]+) ", said)}
    assert set(found) == set(units)
    for unit, level in found.items():
        assert "/sandbox.conf" in host.run(f"systemctl show -p DropInPaths {unit}")
        assert (level > bar()) == (sandboxes()[unit].waiver is not None), f"{unit}: {level}"
    ours = host.run("find /etc/systemd/system -maxdepth 1 -type f -name '*.service' -printf '%f\\n'").split()
    assert {name.removesuffix(".service") for name in ours} - set(sandboxes()) == set()


def test_programs_are_confined(host: Emulated) -> None:
    assert host.run("aa-enabled").strip() == "Yes"
    running = json.loads(host.run("aa-status --json"))["processes"]
    assert "/usr/sbin/chronyd" in running
    wrong = [(name, each["status"]) for name, all_ in running.items() for each in all_ if each["status"] != "enforce"]
    assert wrong == [], "whoever runs and has a profile is held to it"
    units = " ".join(f"{unit}.service" for unit in sandboxes())
    profiles = host.run(f"systemctl show --value -p AppArmorProfile {units}").split()
    assert ("own_profiles" in waivers("apparmor")) == (profiles == []), "waived, and there, or neither"


def test_a_program_that_dies_leaves_no_memory_behind(host: Emulated) -> None:
    script = (
        "mkdir -p /root/dying && cd /root/dying && ulimit -c unlimited; sleep 60 & kill -SEGV $!; wait; ls -A; rmdir ."
    )
    host.run("rm -rf /root/dying")
    assert host.run(script, check=False).strip() == ""
    assert host.run("cat /proc/sys/kernel/core_pattern").strip() == "|/bin/false"


# What is done, and the key and a word by which it is known. Each is done by the administrator, over SSH and sudo.
FOLDER = "/var/lib/shoko/events"
EVENTS = {
    "rights": ("chmod 600 {folder}/rights", "perm_mod", "chmod"),
    "owner": ("chown daemon {folder}/owner", "perm_mod", "chown"),
    "access list": ('python3 -c \'import os; os.setxattr("{folder}/list", "user.x", b"1")\'', "perm_mod", "python3"),
    "deletion": ("rm {folder}/gone", "delete", "rm"),
    "mount": ("mount --bind {folder} {folder} && umount {folder}", "export", "mount"),
    "refused access": ("setpriv --reuid nobody cat /etc/shadow", "access", "cat"),
    "clock": ("date -s @$(date +%s)", "time-change", "date"),
    "module": ("modprobe dummy && modprobe -r dummy", "modules", "modprobe"),
    "name": ("hostname $(hostname)", "system-locale", "hostname"),
    "account": ("useradd --system event && userdel event", "identity", "useradd"),
    "sudo": ("touch /etc/sudoers.d/99-event && rm /etc/sudoers.d/99-event", "actions", "touch"),
    "rights of another": ("su nobody -s /bin/true", "privileged", "su"),
}


def test_twelve_kinds_of_events_reach_both_collectors(host: Emulated) -> None:
    assert host.run("auditctl -s").splitlines()[0] == "enabled 2", "locked"
    assert "Operation not permitted" in host.run("auditctl -D 2>&1 || true")
    number = host.run("cat /proc/self/loginuid").strip()
    assert int(number) < 1000, "an administrator's number, which rules for people alone would not hear"
    marks = " ".join(f"{FOLDER}/{name}" for name in ("rights", "owner", "list", "gone"))
    host.run(f"mkdir -p {FOLDER} && touch {marks}")
    since = {collector: int(host.collected(collector, "wc -c")) + 1 for collector in COLLECTORS}
    script = "; ".join(f"({command.format(folder=FOLDER)}) >/dev/null 2>&1" for command, _, _ in EVENTS.values())
    host.run(f"{script}; rm -r {FOLDER}")
    give_up = time.monotonic() + PATIENCE
    late: dict[tuple[str, str], float] = {}
    wanted = {(collector, kind) for collector in COLLECTORS for kind in EVENTS}
    while wanted - late.keys() and time.monotonic() < give_up:
        for collector, offset in since.items():
            lines = host.collected(collector, f"tail -c +{offset} | grep -F ' auid={number} '").splitlines()
            for kind, (_, key, program) in EVENTS.items():
                found = [lateness(line) for line in lines if f'comm="{program}"' in line and f'key="{key}"' in line]
                late |= {(collector, kind): found[0]} if found else {}
    assert wanted - late.keys() == set()
    LATEST[host.name] = max(late.values())
    print(f"{len(late)} of {len(wanted)}, the last {LATEST[host.name]:.1f} s after it happened (bar: {EVENTS_BAR} s)")


def lateness(line: str) -> float:
    """Seconds from what happened, by the host's clock, to the line's arrival, by the collector's."""
    happened = re.search(r"msg=audit\((\d+\.\d+):", line)
    assert happened, line
    return datetime.datetime.fromisoformat(line.split(maxsplit=1)[0]).timestamp() - float(happened[1])


def test_a_terminal_reports_what_nobody_registered(converged: tuple[LabCommand, Path]) -> None:
    host = Emulated(*converged, TERMINAL)
    with host.monitor() as monitor:
        monitor.execute("device_add", driver="usb-kbd", id="reported", bus="usb.0", serial="REPORTED-1")
    try:
        for collector in COLLECTORS:
            host.arrives(collector, "block id 0627:0001", "REPORTED-1")
    finally:
        with host.monitor() as monitor:
            monitor.execute("device_del", id="reported")


PROXIES = "10.10.60.10"  # the address that the proxies share
ELSEWHERE = """
import urllib.request
way = urllib.request.build_opener(urllib.request.ProxyHandler({{"http": "http://{proxy}:3128"}}))
way.open("http://www.elsewhere.example/", timeout=20)
"""


def test_a_server_does_its_work(converged: tuple[LabCommand, Path]) -> None:
    """It takes the proxies' shared address over, and what the others fetch comes through it."""
    host = Emulated(*converged, SERVER)
    host.lab.inside("px1", "systemctl", "stop", "keepalived")
    try:
        host.wait_for(f"ip -br address | grep -qF {PROXIES}", 60)
        host.lab.inside("log1", "apt-get", "-o", "APT::Update::Error-Mode=any", "update")
        host.arrives("log1", "method=GET host=deb.debian.org", "verdict=TCP_MISS/")
        asked = host.lab.inside("log1", "python3", "-c", ELSEWHERE.format(proxy=PROXIES), check=False)
        assert "403" in asked.stderr, asked.stderr
    finally:
        host.lab.inside("px1", "systemctl", "start", "keepalived")


def test_an_account_closes_after_wrong_passwords_and_opens_again(host: Emulated) -> None:
    console.closes_after_wrong_passwords(host.run)


def test_root_comes_in_at_no_console_whatever_password_it_has(host: Emulated) -> None:
    console.keeps_root_out(host.run)


def test_benchmark_events(host: Emulated) -> None:
    assert LATEST[host.name] <= EVENTS_BAR


def test_benchmark_lynis(lent: Emulated) -> None:
    figures, short = benchmarks.judged_by_lynis(lent)
    print(f"Lynis {figures}")
    assert short == []


def test_benchmark_anssi(lent: Emulated) -> None:
    figures, short = benchmarks.judged_by_openscap(lent)
    print(f"ANSSI {figures}")
    assert short == []
