"""A terminal with a kernel of its own, in the lab's network, under device control; and what one plugs into it."""

import gzip
import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from conftest import CHECKOUT, LabCommand

from shoko.declaration import Declaration, load
from shoko.declaration.model import UsbDevice
from shoko.lab.qmp import Monitor

NAME = "tb-central"
# Enough to reach a host behind a gateway; the wiring is always whole.
FEW = ("--hosts", f"sw1,ctl1,fw1,fw2,{NAME}", "--virtual", NAME)
PLUG = Path(__file__).with_name("usb") / "plug.py"
FUNCTIONS = {"03:01:01": "keyboard", "03:00:00": "hid", "08:06:50": "storage", "ff:00:00": "vendor"}
# An emulated host on a busy machine takes its time for a login and for sudo.
PATIENT = {"ANSIBLE_TIMEOUT": "300"}
REACH_SECONDS = 900  # an emulated boot takes a minute; on a busy machine some


@dataclass(frozen=True)
class Device:
    """A pretended device: numbers as four hexadecimal digits."""

    vendor: str
    product: str
    serial: str
    functions: tuple[str, ...]

    def with_(self, **changes: object) -> "Device":
        """The same with other claims."""
        return replace(self, **changes)


def as_plugged(device: UsbDevice) -> Device:
    """A registered device as one plugs it in."""
    return Device(
        device.vendor, device.product, device.serial or "", tuple(FUNCTIONS[each] for each in device.interfaces)
    )


class Terminal:
    """The terminal, its emulator and its operator."""

    def __init__(self, lab: LabCommand, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self.declaration: Declaration = load(lab.site)

    def registered(self, name: str) -> Device:
        """A device of the declaration."""
        return as_plugged(self.declaration.usb_devices[name])

    def monitor(self) -> Monitor:
        """The emulator's monitor."""
        return Monitor(self.lab.folder / "hosts" / NAME / "qmp")

    def run(self, command: str, stdin: bytes = b"", *, check: bool = True, timeout: float = 600) -> str:
        """Run a shell command on the terminal as root."""
        ssh = ["ssh", "-F", str(self.lab.folder / "ssh_config"), "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=60"]
        done = subprocess.run(
            [*ssh, NAME, shlex.join(["sudo", "-n", "sh", "-c", command])],
            input=stdin, capture_output=True, timeout=timeout, check=False,
        )  # fmt: skip
        assert done.returncode == 0 or not check, f"{command}: {done.returncode}\n{done.stdout!r}\n{done.stderr!r}"
        return done.stdout.decode()

    def play(self, *arguments: str, tags: str = "usb_control") -> dict[str, int]:
        """Run a role on the terminal as its operator does; what Ansible counted."""
        return self._counts(self._playbook("base", "--limit", NAME, "--tags", tags, *arguments))

    def site(self, *arguments: str) -> dict[str, int]:
        """Run the main job; what Ansible counted for the terminal."""
        return self._counts(self._playbook("site", *arguments))

    def refused(self, *arguments: str) -> str:
        """Run what must fail; what Ansible said."""
        done = self._playbook("base", *arguments)
        assert done.returncode != 0, done.stdout[-4000:]
        return done.stdout

    def authority(self) -> None:
        """Have the site's authority; one that is there stays."""
        command = [sys.executable, "-m", "shoko.cli", "trust", "init", "-i", str(self.lab.site)]
        subprocess.run(command, env=self.lab.environment, cwd=CHECKOUT, capture_output=True, check=True)

    def collected(self, collector: str, command: str) -> str:
        """What a command says of the file that a collector keeps of the terminal."""
        said = self.lab.inside(collector, "sh", "-c", f"cat /var/log/shoko/{NAME}*.log | {command}")
        return said.stdout

    def _playbook(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        program = str(Path(sys.executable).parent / "ansible-playbook")
        return subprocess.run(
            [program, "-i", str(self.lab.site), f"playbooks/{name}.yml", *arguments],
            env={**self.lab.environment, **PATIENT, "SHOKO_SSH_CONFIG": str(self.lab.link), "ANSIBLE_FORCE_COLOR": "0"},
            cwd=CHECKOUT, capture_output=True, text=True, timeout=2400, check=False,
        )  # fmt: skip

    @staticmethod
    def _counts(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
        counts = re.search(rf"^{NAME}\s+: (ok=.*)$", done.stdout, re.MULTILINE)
        assert counts, done.stdout
        return {key: int(n) for key, n in re.findall(r"(\w+)=(\d+)", counts[1])}

    def lay_tools(self) -> None:
        """Put what the tests need on the terminal; it is gone with the next boot."""
        image = self.folder / "medium.img"
        if not image.exists():
            image.write_bytes(bytes(4 << 20))
            subprocess.run(["mkfs.vfat", "-n", "TRANSFER", str(image)], check=True, stdout=subprocess.DEVNULL)
        self.run("gunzip >/run/usb-bench.img", gzip.compress(image.read_bytes()))
        self.run("cat >/run/plug.py", PLUG.read_bytes())

    def plug(self, devices: Iterable[Device], hold: float, **options: object) -> dict:
        """Attach pretended devices; what became of them (see plug.py)."""
        wanted = {"devices": [vars(device) for device in devices], "hold": hold, **options}
        return json.loads(self.run("python3 /run/plug.py", json.dumps(wanted).encode(), timeout=3000))

    def reboot(self) -> None:
        """Start the terminal's system anew; whatever is plugged in stays in its port all the time."""
        before = self.run("cat /proc/sys/kernel/random/boot_id")
        self.run("systemctl reboot", check=False)
        give_up = time.monotonic() + REACH_SECONDS
        while self.run("cat /proc/sys/kernel/random/boot_id", check=False) in {"", before}:
            assert time.monotonic() < give_up, f"the terminal was not back within {REACH_SECONDS} s"
            time.sleep(2)
        self.run("systemctl is-system-running --wait", check=False)

    def attach(self, driver: str, ident: str, **properties: object) -> None:
        """Plug one of the emulator's devices in."""
        with self.monitor() as monitor:
            monitor.execute("device_add", driver=driver, id=ident, bus="usb.0", **properties)

    def detach(self, ident: str) -> None:
        """Pull one of the emulator's devices out."""
        with self.monitor() as monitor:
            monitor.execute("device_del", id=ident)
            monitor.await_event("DEVICE_DELETED", 60, device=ident)

    def attach_storage(self, ident: str, serial: str) -> None:
        """Plug a stick of the emulator's in, with a medium behind it."""
        image = self.folder / f"{ident}.img"
        image.write_bytes((self.folder / "medium.img").read_bytes())
        with self.monitor() as monitor:
            monitor.execute("blockdev-add", driver="file", node_name=f"{ident}-medium", filename=str(image))
        self.attach("usb-storage", ident, drive=f"{ident}-medium", serial=serial)

    def attach_crowd(self, name: str, count: int) -> list[str]:
        """Plug many of the emulator's devices in at once, keyboards, pointers and sticks in turn; their serials."""
        drivers = [("usb-kbd", "usb-tablet", "usb-storage")[number % 3] for number in range(count)]
        serials = [f"{name}-{number}" for number in range(count)]
        with self.monitor() as monitor:
            for driver, serial in zip(drivers, serials, strict=True):
                medium = {}
                if driver == "usb-storage":
                    medium = {"drive": f"{serial}-medium"}
                    monitor.execute("blockdev-add", driver="null-co", node_name=medium["drive"], size=1 << 20)
                monitor.execute("device_add", driver=driver, id=serial, bus="usb.0", serial=serial, **medium)
        return serials

    def on_bus(self, *words: str) -> list[dict[str, str]]:
        """The devices that the kernel sees: path, id, serial, authorized, drivers; those with all words in it."""
        script = (
            "for d in /sys/bus/usb/devices/*; do [ -e $d/idVendor ] || continue; "
            'echo "$(basename $d)|$(cat $d/idVendor):$(cat $d/idProduct)|$(cat $d/serial 2>/dev/null)|'
            '$(cat $d/authorized)|$(readlink $d/$(basename $d):*/driver | xargs -r -n1 basename | xargs)"; done'
        )
        rows = [line.split("|") for line in self.run(script).splitlines()]
        keys = ("path", "id", "serial", "authorized", "drivers")
        return [dict(zip(keys, row, strict=True)) for row in rows if all(word in row for word in words)]

    def journal(self, since: str, *words: str) -> str:
        """What the journal has since a time (as journalctl takes it), lines that hold all words."""
        lines = self.run(f"journalctl --no-pager -o short-precise --since '{since}'").splitlines()
        return "\n".join(line for line in lines if all(word in line for word in words))

    def now(self) -> str:
        """The terminal's clock."""
        return self.run("date '+%Y-%m-%d %H:%M:%S'").strip()

    def wait_for(self, command: str, seconds: float = 30) -> None:
        """Wait until a command succeeds on the terminal."""
        give_up = time.monotonic() + seconds
        while self.run(f"{command} >/dev/null 2>&1 && echo yes || true").strip() != "yes":
            assert time.monotonic() < give_up, f"not within {seconds} s: {command}"
            time.sleep(0.5)
