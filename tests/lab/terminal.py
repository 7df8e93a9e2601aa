"""A terminal with a kernel of its own, in the lab's network, under device control; and what one plugs into it."""

import gzip
import json
import shlex
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from conftest import LabCommand
from emulated import Emulated

from shoko.declaration.model import UsbDevice

NAME = "tb-central"
SECOND = "crowd"  # a controller beside the machine's own
# Enough to reach a host behind a gateway; the wiring is always whole.
FEW = ("--hosts", f"sw1,ctl1,fw1,fw2,{NAME}", "--virtual", NAME)
PLUG = Path(__file__).with_name("usb") / "plug.py"
FUNCTIONS = {"03:01:01": "keyboard", "03:00:00": "hid", "08:06:50": "storage", "ff:00:00": "vendor"}


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


class Terminal(Emulated):
    """The terminal, its emulator and its operator."""

    def __init__(self, lab: LabCommand, folder: Path) -> None:
        super().__init__(lab, folder, NAME)

    def registered(self, name: str) -> Device:
        """A device of the declaration."""
        return as_plugged(self.declaration.usb_devices[name])

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

    def attach_controller(self) -> None:
        """Plug a second controller in; one that is there stays."""
        with self.monitor() as monitor:
            if SECOND not in {each["name"] for each in monitor.execute("qom-list", path="/machine/peripheral")}:
                monitor.execute("device_add", driver="qemu-xhci", id=SECOND, p2=15, p3=15)

    def attach_crowd(self, name: str, count: int) -> list[str]:
        """Plug many of the emulator's devices in at once, keyboards, pointers and sticks in turn; their serials.

        They go to the two controllers in turn: one has 15 ports, and the emulator puts a hub into the last one.
        """
        drivers = [("usb-kbd", "usb-tablet", "usb-storage")[number % 3] for number in range(count)]
        serials = [f"{name}-{number}" for number in range(count)]
        with self.monitor() as monitor:
            for number, (driver, serial) in enumerate(zip(drivers, serials, strict=True)):
                medium = {}
                if driver == "usb-storage":
                    medium = {"drive": f"{serial}-medium"}
                    monitor.execute("blockdev-add", driver="null-co", node_name=medium["drive"], size=1 << 20)
                bus = ("usb.0", f"{SECOND}.0")[number % 2]
                monitor.execute("device_add", driver=driver, id=serial, bus=bus, serial=serial, **medium)
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

    def reports(self, since: str, *words: str, within: float = 60) -> None:
        """Wait until the journal has a line since a time (as journalctl takes it) that holds all words."""
        script = " | ".join(f"grep -F -e {shlex.quote(word)}" for word in words)
        self.wait_for(f"journalctl --no-pager --since '{since}' | {script}", within)

    def now(self) -> str:
        """The terminal's clock."""
        return self.run("date '+%Y-%m-%d %H:%M:%S'").strip()
