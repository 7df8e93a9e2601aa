"""Can this machine carry the lab? One clear line for each thing that is missing."""

import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from shoko.lab.apt_source import KEYRING
from shoko.lab.cgroups import unified_root
from shoko.lab.errors import LabError, PreflightError

# Program -> Debian package that brings it.
PROGRAMS = {
    "systemd-nspawn": "systemd-container",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "ethtool": "ethtool",
    "nsenter": "util-linux",
    "gpgv": "gpgv",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "nc": "netcat-openbsd",
}
EMULATOR = {"qemu-system-x86_64": "qemu-system-x86", "mke2fs": "e2fsprogs"}  # only for `--virtual`
NOT_ROOT = "not root: the lab makes network namespaces and starts machines; run again as root"
DISK_COLD = 10 * 2**30  # mirror 0.5, images 1, hosts' disks after a full run about 6, room to work
DISK_WARM = 2 * 2**30  # images, mirror and disks are there


@dataclass(frozen=True)
class Machine:
    """What is asked about the machine; tests put in their own answers."""

    uid: int
    path: str | None  # PATH to look for programs in, None: the process's own
    filesystems: str  # text of /proc/filesystems
    free: int  # bytes free where the lab keeps its things
    needed: int  # bytes it will need there
    place: Path
    tun: bool
    cgroup_kill: bool
    keyring: bool


def this_machine(place: Path, *, warm: bool) -> Machine:
    """Look at the machine that we run on; `place` is where images and disks will be."""
    existing = place
    while not existing.exists():
        existing = existing.parent
    try:
        group = unified_root()
        has_kill = any(group.glob("*/cgroup.kill")) or _makes_kill(group)
    except (LabError, OSError):
        has_kill = False
    return Machine(
        uid=os.geteuid(),
        path=None,
        filesystems=Path("/proc/filesystems").read_text(),
        free=shutil.disk_usage(existing).free,
        needed=DISK_WARM if warm else DISK_COLD,
        place=place,
        tun=Path("/dev/net/tun").exists(),
        cgroup_kill=has_kill,
        keyring=KEYRING.exists(),
    )


def _makes_kill(group: Path) -> bool:
    probe = group / f"lab-probe-{os.getpid()}"
    probe.mkdir()
    try:
        return (probe / "cgroup.kill").exists()
    finally:
        probe.rmdir()


def problems(machine: Machine) -> list[str]:
    """Return one line per problem, in the order in which a person would solve them."""
    if machine.uid != 0:
        return [NOT_ROOT]
    found = []
    missing = sorted(
        {package for program, package in PROGRAMS.items() if shutil.which(program, path=machine.path) is None}
        | (set() if machine.keyring else {"debian-archive-keyring"})
    )
    if "systemd-container" in missing:
        found.append("no systemd-nspawn: apt-get install systemd-container")
    others = [package for package in missing if package != "systemd-container"]
    if others:
        found.append(f"programs are missing: apt-get install {' '.join(others)}")
    if "\toverlay\n" not in machine.filesystems:
        found.append("this kernel has no overlayfs (modprobe overlay): hosts' disks lie over shared images")
    if not machine.tun:
        found.append("no /dev/net/tun on this machine (modprobe tun): the switch and the VPN need it")
    if not machine.cgroup_kill:
        found.append("no cgroup2 with cgroup.kill (Linux 5.14 or newer): hosts could not be stopped surely")
    if machine.free < machine.needed:
        found.append(
            f"disk nearly full: {machine.place} has {machine.free / 2**30:.1f} GiB free, "
            f"the lab needs {machine.needed / 2**30:.0f} GiB"
        )
    return found


def check_root() -> None:
    """Raise PreflightError before anything is looked at that only root can see."""
    if os.geteuid() != 0:
        raise PreflightError([NOT_ROOT])


def check_machine(place: Path, *, warm: bool) -> None:
    """Raise PreflightError with every problem of this machine."""
    found = problems(this_machine(place, warm=warm))
    if found:
        raise PreflightError(found)


def check_emulator() -> None:
    """Raise PreflightError if hosts with a kernel of their own cannot run here."""
    missing = [package for program, package in EMULATOR.items() if shutil.which(program) is None]
    if missing:
        raise PreflightError([f"virtual machines need: apt-get install --no-install-recommends {' '.join(missing)}"])


def check_ports(ports: tuple[int, int]) -> None:
    """Raise PreflightError if somebody else listens on a port of ours, and name them."""
    found = []
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                found.append(
                    f"port {port} on 127.0.0.1 is occupied by {listener(port) or 'another process'}: "
                    "stop it, or use `--ports auto`"
                )
    if found:
        raise PreflightError(found)


def free_ports() -> tuple[int, int]:
    """Return two ports that nobody listens on."""
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


def listener(port: int) -> str | None:
    """Return "name (pid N)" of the process that listens on a TCP port of this namespace, if visible."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:  # 0A: LISTEN
                inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(handle) in inodes for handle in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            continue
    return None
