"""One control group per host: whom to stop, and what it used.

cgroup2 needs no controller for `cgroup.kill` and `cgroup.procs`; where the machine still mounts the v1
controllers (hybrid), memory and cpuacct account per host from outside.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from shoko.lab.errors import LabError

TOP = "lab"
V1_CONTROLLERS = ("memory", "cpuacct")
V1_SYSTEMD = "name=systemd"  # nspawn makes a group there beside ours
_KILL_WAIT = 5.0  # seconds until killed processes must be gone


def _mounts() -> list[tuple[str, Path, set[str]]]:
    rows = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, target, kind, options, *_ = line.split()
        rows.append((kind, Path(target), set(options.split(","))))
    return rows


def unified_root() -> Path:
    """Return where cgroup2 is mounted."""
    for kind, target, _ in _mounts():
        if kind == "cgroup2":
            return target
    raise LabError("no cgroup2 is mounted on this machine: mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified")


def _v1_roots(*names: str) -> list[Path]:
    return [target for kind, target, options in _mounts() if kind == "cgroup" and options & set(names)]


def _all_roots() -> list[Path]:
    return [unified_root(), *_v1_roots(*V1_CONTROLLERS, V1_SYSTEMD)]


@dataclass(frozen=True)
class HostGroup:
    """The control groups of one host of one lab."""

    lab: str
    host: str

    @property
    def unified(self) -> Path:
        """The cgroup2 folder; nspawn makes `payload` and `supervisor` below it."""
        return unified_root() / TOP / self.lab / self.host

    def entry_files(self) -> list[Path]:
        """Make the groups; return the `cgroup.procs` files a process writes itself into to join."""
        folders = [self.unified] + [root / TOP / self.lab / self.host for root in _v1_roots(*V1_CONTROLLERS)]
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        return [folder / "cgroup.procs" for folder in folders]

    def visitor_file(self) -> Path:
        """Make and return the group for commands run in the host from outside."""
        folder = self.unified / "visitors"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / "cgroup.procs"

    def leader(self) -> int | None:
        """Return the machine's pid of the host's systemd, or None if it does not run."""
        try:
            pids = (self.unified / "payload/init.scope/cgroup.procs").read_text().split()
        except OSError:
            return None
        for pid in pids:
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            chain = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
            if len(chain) > 1 and chain[-1] == "1":
                return int(pid)
        return None

    def populated(self) -> bool:
        """Tell whether any process, of any depth, lives in the host's group."""
        try:
            return "populated 1" in (self.unified / "cgroup.events").read_text()
        except OSError:
            return False

    def frozen(self) -> bool:
        """Tell whether somebody froze the host (`cgroup.freeze`): whoever joins it would freeze too."""
        try:
            return (self.unified / "cgroup.freeze").read_text().strip() == "1"
        except OSError:
            return False

    def thaw(self) -> None:
        """Let a frozen host go on."""
        if self.frozen():
            (self.unified / "cgroup.freeze").write_text("0")

    def kill(self) -> None:
        """Kill everything in the host's group and wait until it is gone."""
        if not self.populated():
            return
        self.thaw()
        (self.unified / "cgroup.kill").write_text("1")
        give_up = time.monotonic() + _KILL_WAIT
        while self.populated():
            if time.monotonic() > give_up:
                raise LabError(f"host {self.host}: processes in {self.unified} do not die")
            time.sleep(0.02)

    def remove(self) -> None:
        """Remove the (empty) groups, deepest first."""
        for root in _all_roots():
            remove_tree(root / TOP / self.lab / self.host)


def remove_tree(folder: Path) -> None:
    """Remove a control group and all below it; every one must be empty of processes."""
    if not folder.is_dir():
        return
    for below in folder.iterdir():
        if below.is_dir():
            remove_tree(below)
    folder.rmdir()


def remove_lab(lab: str) -> None:
    """Remove a lab's parent groups, and the groups of all labs if this was the last."""
    for root in _all_roots():
        remove_tree(root / TOP / lab)
        top = root / TOP
        if top.is_dir() and not any(entry.is_dir() for entry in top.iterdir()):
            top.rmdir()
