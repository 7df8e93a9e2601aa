"""One lab host: its disk, its start as a systemd-nspawn machine, commands in it, its end."""

import contextlib
import ctypes
import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from shoko.lab.cgroups import HostGroup
from shoko.lab.errors import HostNotRunning, LabError
from shoko.lab.plan import DayZero, LabHost
from shoko.lab.settings import LabSettings

_CLONE_NEWNS = 0x00020000  # linux/sched.h
_MS_REC, _MS_SLAVE = 0x4000, 1 << 19  # sys/mount.h
_POWEROFF_WAIT = 8.0  # seconds for a clean shutdown before the control group is killed
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "USER": "root",
    "LOGNAME": "root",
}
_UP = "until [ -S /run/systemd/private ]; do sleep 0.1; done; exec systemctl is-system-running --wait"
_libc = ctypes.CDLL(None, use_errno=True)


class Machine:
    """A lab host as the machine sees it. It need not exist or run."""

    boot_seconds = 300.0  # a boot takes one; a machine with several labs and test runs may be very busy

    def __init__(self, settings: LabSettings, host: LabHost) -> None:
        self.host = host
        self.name = settings.machine(host.name)
        self.folder = settings.hosts_dir / host.name
        self.group = HostGroup(settings.ident, host.name)

    @property
    def upper(self) -> Path:
        """The host's own disk: what differs from its image. Kept over stop, down and reboot."""
        return self.folder / "upper"

    @property
    def console(self) -> Path:
        """What the host wrote to its console since it was last started."""
        return self.folder / "console.log"

    # --- disk ---

    def content_digest(self) -> str:
        """Digest of what the lab lays on the disk."""
        return hashlib.sha256(repr((self.host.files, self.host.links, self.host.binds)).encode()).hexdigest()

    def stale(self) -> bool:
        """Tell whether an outside host's files are not those of the plan any more.

        A managed host's are laid once, as an installer does; from then on the product changes it.
        """
        return not self.host.managed and self._mark.exists() and self._mark.read_text() != self.content_digest()

    @property
    def _mark(self) -> Path:
        return self.folder / "installed"

    def installed(self) -> bool:
        """Tell whether the host has a disk that its next start will use as it is."""
        return self._mark.exists() and not self.stale()

    def lowers(self) -> list[Path]:
        """Return the images under the host's disk: for its whole life those that it was made over."""
        found = [Path(line) for line in (self.folder / "images").read_text().splitlines()]
        for lower in found:
            if not lower.is_dir():
                raise LabError(
                    f"host {self.host.name}: its disk lies over {lower}, which is gone; run `shoko lab clean`"
                )
        return found

    def install(self, lowers: Sequence[Path]) -> None:
        """Make a disk over images (topmost first) with the day-0 files; a finished disk is left alone."""
        if self.installed():
            return
        self._mark.unlink(missing_ok=True)
        for name in ("upper", "work"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / name).mkdir(parents=True)
        (self.folder / "root").mkdir(exist_ok=True)
        (self.folder / "images").write_text("".join(f"{lower}\n" for lower in lowers))
        self.upper.chmod(0o755)
        self._write(DayZero("/etc/hostname", f"{self.host.name}\n".encode()), lowers)
        self._write(DayZero("/etc/machine-id", f"{self.machine_id()}\n".encode(), 0o444), lowers)
        for item in self.host.files:
            self._write(item, lowers)
        for path, target in self.host.links:
            place = self._place(path)
            place.unlink(missing_ok=True)
            place.symlink_to(target)
        self._mark.write_text(self.content_digest())

    def machine_id(self) -> str:
        """Return an identity that is this host's alone and the same each time (machine-id(5))."""
        return hashlib.sha256(f"machine-id {self.name}".encode()).hexdigest()[:32]

    def _place(self, path: str) -> Path:
        """Make the parents of an absolute path on the host's disk.

        In an overlay a new folder covers nothing of the image's folder of the same name, but its own
        mode counts: parents are world-readable except below /root and .ssh.
        """
        target = self.upper / path.lstrip("/")
        for parent in [*reversed(target.relative_to(self.upper).parents)][1:]:
            folder = self.upper / parent
            if not folder.exists():
                folder.mkdir()
                folder.chmod(0o700 if parent.name in {"root", ".ssh"} else 0o755)
        return target

    def _write(self, item: DayZero, lowers: Sequence[Path]) -> None:
        target = self._place(item.path)
        target.write_bytes(item.content)
        target.chmod(item.mode)
        if item.owner != "root":
            os.chown(target, *owner_ids(item.owner, lowers))

    # --- life ---

    def leader(self) -> int | None:
        """Return the machine's pid of the host's systemd, or None."""
        return self.group.leader()

    def start(self, environment: dict[str, str]) -> None:
        """Start the host in the background; it outlives this process and is found by its control group."""
        self.group.kill()  # a supervisor without a system would hold the name
        # Fresh groups: in one that was ever killed, Linux 6.18 also kills whatever is later cloned from it
        # into a newer group (the kill counters differ), which is how systemd starts services.
        self.group.remove()
        joins = self.group.entry_files()
        clean_traces(self.name)
        storage = self._storage()
        pid = os.fork()
        if pid:
            os.waitpid(pid, 0)
            return
        try:
            os.setsid()
            if os.fork():
                os._exit(0)
            self._become(joins, storage, environment)
        finally:  # only reached if something in the child failed
            os._exit(127)

    def _storage(self) -> str:
        """Return the mount options of the host's disk."""
        return (
            f"lowerdir={':'.join(str(lower) for lower in self.lowers())},upperdir={self.upper},"
            f"workdir={self.folder / 'work'},index=off,metacopy=off"
        )

    def _become(self, joins: list[Path], storage: str, environment: dict[str, str]) -> None:
        """In the forked child: join the groups, mount the disk where only we see it, turn into nspawn."""
        self._detach(joins)
        root = self.folder / "root"
        # A mount namespace of its own: the disk's mount vanishes with the last process of the host.
        _checked(_libc.unshare(_CLONE_NEWNS), "unshare")
        _checked(_libc.mount(b"none", b"/", None, _MS_REC | _MS_SLAVE, None), "mount / rslave")
        _checked(_libc.mount(b"overlay", os.fsencode(root), b"overlay", 0, storage.encode()), f"overlay {storage}")
        os.execvpe("systemd-nspawn", self._command(root), environment)  # noqa: S606 - no shell is meant

    def _detach(self, joins: list[Path]) -> None:
        """In the forked child: what it says goes to the console's file, and it joins the host's groups."""
        log = os.open(self.console, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        for join in joins:
            join.write_text(str(os.getpid()))

    def _command(self, root: Path) -> list[str]:
        command = [
            "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--settings=no", "--boot",
            f"--machine={self.name}", f"--hostname={self.host.name}", f"--directory={root}",
            f"--network-namespace-path=/run/netns/{self.name}", "--capability=CAP_NET_ADMIN,CAP_NET_RAW",
            "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=read-only",
            f"--uuid={self.machine_id()}",
        ]  # fmt: skip
        if self.host.tun:
            command.append("--bind=/dev/net/tun")
        command += [f"--bind-ro={bind.source}:{bind.target}" for bind in self.host.binds]
        return command

    def state(self) -> str:
        """Return `off`, `frozen`, or what systemctl is-system-running says ("running", "degraded" …)."""
        if self.leader() is None:
            return "off"
        if self.group.frozen():
            return "frozen"
        done = subprocess.run(
            self.entry(["systemctl", "is-system-running"]), capture_output=True, text=True, check=False
        )
        return done.stdout.strip() or "starting"

    def until_up(self) -> list[str]:
        """Return the command that ends when the host has booted, with its state on standard output."""
        return self.entry(["sh", "-c", _UP])

    def failed_units(self) -> list[str]:
        """Return the names of failed units of a running host."""
        done = subprocess.run(
            self.entry(["systemctl", "list-units", "--failed", "--plain", "--no-legend"]),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return [line.split()[0] for line in done.stdout.splitlines() if line.strip()]

    def ask_to_stop(self) -> None:
        """Ask for a clean shutdown (SIGRTMIN+4, systemd(1)); does not wait. A frozen host thaws."""
        self.group.thaw()
        leader = self.leader()
        if leader is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(leader, stop_signal())

    def finish(self) -> None:
        """Wait for the shutdown; kill what is left; leave no trace of the running host."""
        give_up = time.monotonic() + _POWEROFF_WAIT
        while self.group.populated() and time.monotonic() < give_up:
            time.sleep(0.05)
        self.group.kill()
        self.group.remove()
        clean_traces(self.name)

    # --- commands inside ---

    def entry(self, command: Sequence[str]) -> list[str]:
        """Return the machine's command line that runs `command` in the host as its root.

        It has the host's namespaces and the host's capability bounds, so it can do what a root shell on
        the host can do and no more.
        """
        leader = self.leader()
        if leader is None:
            raise HostNotRunning(self.host.name)
        if self.group.frozen():
            raise LabError(f"lab host {self.host.name} is frozen: `shoko lab restart {self.host.name}` ends that")
        bounds = _capability_bounds(leader)
        names = ",".join(f"+cap_{number}" for number in range(64) if bounds >> number & 1)
        join = f'cd /; echo $$ >{self.group.visitor_file()}; exec "$@"'
        enter = [
            "nsenter", f"--target={leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup",
            "--root", "--wd", "env", "-i", *(f"{key}={value}" for key, value in _ENVIRONMENT.items()),
            f"TERM={os.environ.get('TERM', 'dumb')}",
            "setpriv", "--inh-caps=-all", f"--bounding-set=-all,{names}", "--",
        ]  # fmt: skip
        return ["sh", "-c", join, "sh", *enter, *command]


def owner_ids(user: str, lowers: Sequence[Path]) -> tuple[int, int]:
    """Return the numbers (user, main group) of a user of the image, topmost image first."""
    for lower in lowers:
        passwd = lower / "etc/passwd"
        for line in passwd.read_text().splitlines() if passwd.exists() else []:
            fields = line.split(":")
            if fields[0] == user:
                return int(fields[2]), int(fields[3])
    raise LabError(f"a day-0 file belongs to {user}, whom the image does not have")


def stop_signal() -> int:
    """Return the signal that makes a container's systemd power off: SIGRTMIN+4 (systemd(1))."""
    return signal.SIGRTMIN + 4


def _capability_bounds(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("CapBnd:"):
            return int(line.split()[1], 16)
    raise LabError(f"/proc/{pid}/status: no CapBnd")


def _checked(result: int, what: str) -> None:
    if result != 0:
        os.write(2, f"{what}: {os.strerror(ctypes.get_errno())}\n".encode())
        os._exit(126)


def clean_traces(name: str) -> None:
    """Remove what a killed systemd-nspawn leaves in /run."""
    for place in ("propagate", "unix-export", "locks", "fsmount"):
        folder = Path("/run/systemd/nspawn") / place
        for trace in [folder / name, *folder.glob(f"name-{name}"), *folder.glob(f"{name}.lck")]:
            if trace.is_dir() and not trace.is_symlink():
                shutil.rmtree(trace, ignore_errors=True)
            else:
                trace.unlink(missing_ok=True)
