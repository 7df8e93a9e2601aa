"""A lab host as a machine with a kernel of its own: QEMU without hardware help, Debian's kernel, its disk, its cards.

It stands where the container would stand: its network card is bridged to the same cable in the same namespace, and it
starts from the same day-0 files. What a container cannot show (USB, kernel modules, sysctls, AppArmor, auditd) is
shown here. Commands go in over SSH, as an operator's do.
"""

import contextlib
import os
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from shoko.lab.disk import make_disk
from shoko.lab.errors import HostNotRunning, LabError
from shoko.lab.machine import Machine
from shoko.lab.plan import DayZero, LabHost, text_file
from shoko.lab.qmp import Monitor
from shoko.lab.settings import LabSettings
from shoko.lab.wires import NETNS, tap_name

MEMORY = 2048  # MiB
NICE = 10  # emulation takes all that a core gives; the containers come first
POWEROFF_SECONDS = 60.0  # seconds for a clean shutdown
_STATE_SECONDS = 20.0
# The console goes to a file. On a busy machine an emulated boot takes minutes: systemd must not give up on it.
_KERNEL = "console=ttyS0 systemd.default_timeout_start_sec=900 systemd.default_device_timeout_sec=900"
# Frames must be complete on the wire: the switch copies them as they are.
_PLAIN_CARD = "csum=off,gso=off,host_tso4=off,host_tso6=off,host_ecn=off,host_ufo=off,guest_csum=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off"  # noqa: E501 - one word of QEMU's command line


class VirtualMachine(Machine):
    """A lab host under QEMU. It need not exist or run."""

    boot_seconds = 1200.0  # a boot takes one minute of a core that nobody else wants

    def __init__(self, settings: LabSettings, host: LabHost) -> None:
        self._ssh_config = settings.ssh_config
        super().__init__(settings, host)
        self.host = replace(host, files=(*host.files, *_boot_files(host, self.disk_uuid())))

    @property
    def disk(self) -> Path:
        """The host's whole disk, a sparse raw image."""
        return self.folder / "disk.img"

    @property
    def monitor_socket(self) -> Path:
        """Where QEMU takes commands."""
        return self.folder / "qmp"

    def monitor(self) -> Monitor:
        """Return a connection to QEMU: plugging devices in and out, pausing, power."""
        return Monitor(self.monitor_socket)

    def disk_uuid(self) -> str:
        """Return the name of the root file system: this host's alone and the same each time."""
        return str(uuid.UUID(self.machine_id()))

    # --- disk ---

    def installed(self) -> bool:
        """Tell whether the host has a disk."""
        return super().installed() and self.disk.exists()

    def install(self, lowers: Sequence[Path]) -> None:
        """Make a bootable disk of the images (topmost first) and the day-0 files; a finished disk is left alone."""
        if self.installed():
            return
        super().install(lowers)
        make_disk(self.disk, [self.upper, *self.lowers()], self.disk_uuid(), self.folder / "disk.log")

    # --- life ---

    def leader(self) -> int | None:
        """Return the pid of QEMU, or None if the host is off."""
        try:
            pids = (self.group.unified / "cgroup.procs").read_text().split()
        except OSError:
            return None
        for pid in pids:
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/comm").read_text().startswith("qemu-system"):
                    return int(pid)
        return None

    def _storage(self) -> str:
        return f"file={self.disk},format=raw,if=virtio,cache=unsafe,discard=unmap"

    def _become(self, joins: list[Path], storage: str, environment: dict[str, str]) -> None:
        """In the forked child: join the groups, turn into QEMU in the host's namespace."""
        self.monitor_socket.unlink(missing_ok=True)
        self._detach(joins)
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        os.chdir(self.folder)
        command = ["nsenter", f"--net={NETNS / self.name}", "qemu-system-x86_64", *self._hardware(storage)]
        os.execvpe(command[0], command, environment)  # noqa: S606 - no shell is meant

    def _hardware(self, storage: str) -> list[str]:
        words = [
            "-name", self.name, "-uuid", self.disk_uuid(), "-accel", "tcg,tb-size=512", "-cpu", "max",
            "-smp", "1", "-m", str(MEMORY), "-nodefaults", "-no-user-config", "-display", "none",
            "-serial", f"file:{self.console.name}", "-qmp", f"unix:{self.monitor_socket.name},server=on,wait=off",
            "-drive", storage, "-device", "virtio-rng-pci",
            "-device", "qemu-xhci,id=usb,p2=15,p3=15", "-device", "usb-kbd,bus=usb.0,id=keyboard,serial=KEYBOARD-1",
        ]  # fmt: skip
        for number, leg in enumerate(self.host.legs):
            words += ["-netdev", f"tap,id=leg{number},ifname={tap_name(number)},script=no,downscript=no"]
            words += ["-device", f"virtio-net-pci,netdev=leg{number},mac={leg.mac},romfile=,{_PLAIN_CARD}"]
        return words

    def until_up(self) -> list[str]:
        """Return the command that ends when the host has booted, with its state on standard output."""
        enter = shlex.join(self.entry(["systemctl", "is-system-running", "--wait"]))
        reach = shlex.join(self.entry(["true"]))
        return ["sh", "-c", f"until {reach}; do sleep 1; done; exec {enter}"]

    def state(self) -> str:
        """Return `off`, `frozen`, `starting` while it cannot be reached, or what systemctl is-system-running says."""
        if self.leader() is None:
            return "off"
        if self.group.frozen() or self._paused():
            return "frozen"
        try:
            done = subprocess.run(
                self.entry(["systemctl", "is-system-running"]),
                capture_output=True, text=True, check=False, timeout=_STATE_SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return "starting"
        return done.stdout.strip() or "starting"

    def _paused(self) -> bool:
        with self.monitor() as monitor:
            return bool(monitor.execute("query-status")["status"] == "paused")

    def ask_to_stop(self) -> None:
        """Press the power button; does not wait. A frozen host thaws."""
        self.group.thaw()
        press_power(self.monitor_socket)

    def finish(self) -> None:
        """Wait for the shutdown, then as for any host."""
        give_up = time.monotonic() + POWEROFF_SECONDS
        while self.leader() is not None and time.monotonic() < give_up:
            time.sleep(0.2)
        super().finish()
        self.monitor_socket.unlink(missing_ok=True)

    # --- commands inside ---

    def entry(self, command: Sequence[str]) -> list[str]:
        """Return the machine's command line that runs `command` in the host as its root, over SSH."""
        if self.leader() is None:
            raise HostNotRunning(self.host.name)
        terminal = ["-t"] if sys.stdin.isatty() and sys.stdout.isatty() else []
        options = ["-o", "BatchMode=yes", "-o", "LogLevel=ERROR"]
        inside = shlex.join(["sudo", "-n", "--", *command])
        return ["ssh", "-F", str(self._ssh_config), *options, *terminal, self.host.name, inside]


def press_power(socket: Path) -> None:
    """Press the power button of the machine behind a monitor's socket; nothing happens if there is none."""
    with contextlib.suppress(LabError), Monitor(socket) as monitor:
        monitor.execute("cont")
        monitor.execute("system_powerdown")


def answers(socket: Path) -> bool:
    """Tell whether a machine runs behind a monitor's socket."""
    try:
        with Monitor(socket):
            return True
    except LabError:
        return False


def _boot_files(host: LabHost, disk: str) -> tuple[DayZero, ...]:
    """Return what an installer writes for this hardware: disks, boot loader, console, names of cards."""
    grub = (
        "set timeout=0\nmenuentry Debian {\n"
        f"  linux /vmlinuz root=UUID={disk} ro {_KERNEL} quiet\n  initrd /initrd.img\n}}\n"
    )
    return (
        text_file("/etc/fstab", f"UUID={disk} / ext4 errors=remount-ro 0 1\n"),
        text_file("/boot/grub/grub.cfg", grub),
        text_file("/etc/default/grub.d/console.cfg", 'GRUB_TIMEOUT=0\nGRUB_CMDLINE_LINUX="' + _KERNEL + '"\n'),
        *(
            text_file(
                f"/etc/systemd/network/05-{leg.name}.link",
                f"[Match]\nMACAddress={leg.mac}\n\n[Link]\nName={leg.name}\n",
            )
            for leg in host.legs
        ),
    )
