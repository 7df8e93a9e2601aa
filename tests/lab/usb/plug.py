#!/usr/bin/env python3
"""Attaches pretended USB devices to the machine it runs on, and tells what the kernel did with them.

Needs root, the modules dummy_hcd and libcomposite, a file with a FAT file system at IMAGE, and nothing but Python's own
library. A pretended device is a gadget of the kernel's (configfs) on a pretended controller (dummy_hcd), so it has any
vendor, product, serial and functions, and the host side meets it as it meets a real one.

Reads a JSON object from standard input:
  devices  list of {vendor, product, serial, functions}; functions are of `keyboard`, `hid`, `storage`,
           `network`, `vendor`; the kernel pretends at most 4 of the first two and 8 of the last at a time
  hold     seconds that each stays attached; longer where the kernel has not seen it yet
  together how many are attached at the same time (default 1)
  before   a command that runs just before each group is attached, beside it (default none)
  patience seconds more that each may take until it is usable (default 0)
  leave    true: the last ones stay attached
  at       time of day (seconds since the epoch) before which nothing is attached (default: at once)
Writes one: `devices`, per device {seen, usable, authorized, drivers, blocks, inputs, mounts}: `seen` and `usable` are
seconds from plugging in, null if never; `binds`, every binding of a driver to an interface of a pretended device, as
the kernel announced it, so that one that lasted a millisecond counts too; `took`, seconds for the last group.
"""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

GADGETS = Path("/sys/kernel/config/usb_gadget")
PLATFORM = Path("/sys/devices/platform")
CONTROLLERS = 30
SIGHT = 60  # seconds that a busy kernel may take to see a device
IMAGE = Path("/run/usb-bench.img")
NETLINK_KOBJECT_UEVENT = 15
# A boot keyboard: Device Class Definition for HID 1.11, appendix E.6.
KEYBOARD = bytes.fromhex(
    "05010906a101050719e029e71500250175019508810295017508810395057501050819012905910295017503910395067508150025650507190029658100c0"
)
POINTER = bytes.fromhex("050c0901a101150025017501950109e9810275079501810 3c0".replace(" ", ""))
A_KEY, NO_KEY = bytes([0, 0, 4, 0, 0, 0, 0, 0]), bytes(8)


def prepare() -> None:
    """Load the pretended controllers."""
    subprocess.run(["modprobe", "dummy_hcd", f"num={CONTROLLERS}"], check=True)
    subprocess.run(["modprobe", "libcomposite"], check=True)


class Device:
    """One pretended device on one pretended controller."""

    def __init__(self, number: int, wanted: dict) -> None:
        self.number, self.wanted = number, wanted
        self.gadget = GADGETS / f"bench{number}"
        self.plugged = 0.0
        self.seen: float | None = None
        self.usable: float | None = None

    def build(self) -> None:
        """Describe it to the kernel."""
        self.remove()
        self.gadget.mkdir()
        for name in ("vendor", "product"):
            (self.gadget / f"id{name.capitalize()}").write_text(f"0x{self.wanted[name]}")
        strings = self.gadget / "strings/0x409"
        strings.mkdir()
        if self.wanted["serial"]:
            (strings / "serialnumber").write_text(self.wanted["serial"])
        (strings / "product").write_text("bench")
        config = self.gadget / "configs/c.1"
        config.mkdir()
        for place, kind in enumerate(self.wanted["functions"]):
            function = self._function(kind, place)
            (config / function.name).symlink_to(function)

    def _function(self, kind: str, place: int) -> Path:
        name = {"storage": "mass_storage", "vendor": "gser", "network": "ecm"}.get(kind, "hid")
        function = self.gadget / f"functions/{name}.{self.number}{place}"
        function.mkdir()
        if kind == "storage":
            (function / "lun.0/removable").write_text("1")
            (function / "lun.0/file").write_text(str(IMAGE))
        elif name == "hid":
            boot = "1" if kind == "keyboard" else "0"
            (function / "subclass").write_text(boot)
            (function / "protocol").write_text(boot)
            (function / "report_length").write_text("8")
            (function / "report_desc").write_bytes(KEYBOARD if kind == "keyboard" else POINTER)
        return function

    def plug(self) -> None:
        """Put it in."""
        self.plugged = time.monotonic()
        (self.gadget / "UDC").write_text(f"dummy_udc.{self.number}")

    def unplug(self) -> None:
        """Pull it out."""
        with contextlib.suppress(OSError):
            (self.gadget / "UDC").write_text("\n")

    def remove(self) -> None:
        """Forget it."""
        if not self.gadget.exists():
            return
        self.unplug()
        for link in (self.gadget / "configs/c.1").glob("*.*"):
            link.unlink()
        for folder in [
            self.gadget / "configs/c.1",
            *(self.gadget / "functions").iterdir(),
            self.gadget / "strings/0x409",
        ]:
            folder.rmdir()
        self.gadget.rmdir()

    def place(self) -> Path | None:
        """Where the host side shows it."""
        return next(iter((PLATFORM / f"dummy_hcd.{self.number}").glob("usb*/*-1")), None)

    def look(self, added: dict[int, float]) -> None:
        """Note when it was there, by the kernel's word (what is rejected soon goes), and when it was usable."""
        if self.seen is None and added.get(self.number, 0.0) > self.plugged:
            self.seen = added[self.number] - self.plugged
        place = self.place()
        if place is None or not (place / "idProduct").exists():
            return
        if self.usable is None and len(list(place.glob("*:*"))) == len(self.wanted["functions"]) and self._works(place):
            self.usable = time.monotonic() - self.plugged

    def _drivers(self, place: Path) -> list[str]:
        return sorted(link.resolve().name for link in place.glob("*:*/driver"))

    def _works(self, place: Path) -> bool:
        """What a person would call working: keys arrive, a medium is mounted, else a program may open it."""
        if self.wanted["functions"][0] == "keyboard":
            return self._key_arrives(place)
        if "storage" in self.wanted["functions"]:
            return bool(self._mounts(place))
        return True

    def _key_arrives(self, place: Path) -> bool:
        handler = next(iter(place.glob("*:1.0/*/input/input*/event*")), None)
        sender = next(iter(sorted((self.gadget / "functions").glob(f"hid.{self.number}0/dev"))), None)
        if handler is None or sender is None or not Path("/dev/input", handler.name).exists():
            return False
        node = Path(f"/dev/hidg{sender.read_text().strip().partition(':')[2]}")
        events = os.open(f"/dev/input/{handler.name}", os.O_RDONLY | os.O_NONBLOCK)
        try:
            keys = os.open(node, os.O_WRONLY | os.O_NONBLOCK)
            try:
                for report in (A_KEY, NO_KEY):
                    os.write(keys, report)
                    time.sleep(0.05)
                return bool(os.read(events, 24 * 8))
            finally:
                os.close(keys)
        except OSError:  # not yet
            return False
        finally:
            os.close(events)

    def _mounts(self, place: Path) -> list[str]:
        blocks = [path.name for path in place.glob("*:*/host*/target*/*/block/*")]
        lines = Path("/proc/self/mounts").read_text().splitlines()
        return [line for line in lines if any(line.startswith(f"/dev/{block}") for block in blocks)]

    def result(self) -> dict:
        """What became of it."""
        place = self.place()
        if place is None:
            return {**self.wanted, "seen": self.seen, "usable": self.usable, "authorized": None}
        return {
            **self.wanted,
            "seen": self.seen,
            "usable": self.usable,
            "authorized": (place / "authorized").read_text().strip() if (place / "authorized").exists() else None,
            "drivers": self._drivers(place),
            "blocks": [path.name for path in place.glob("*:*/host*/target*/*/block/*")],
            "inputs": [path.name for path in place.glob("*:*/*/input/input*")],
            "mounts": self._mounts(place),
        }


class Announcements(threading.Thread):
    """What the kernel says about pretended devices: which are there, and whose interfaces get a driver."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind((0, 1))
        self.binds: list[dict] = []
        self.added: dict[int, float] = {}  # by number: when it was last there

    def run(self) -> None:
        """Listen until the program ends."""
        while True:
            head, *fields = self.socket.recv(1 << 16).split(b"\0")
            if device := re.match(rb"add@.*/dummy_hcd\.(\d+)/usb\d+/[\d-]+$", head):
                self.added[int(device[1])] = time.monotonic()
            if not head.startswith(b"bind@") or b"/dummy_hcd." not in head:
                continue
            known = dict(field.decode().split("=", 1) for field in fields if b"=" in field)
            # A root hub of the pretended controllers is the kernel's own (1d6b:0002).
            if known.get("DEVTYPE") == "usb_interface" and not known.get("PRODUCT", "").startswith("1d6b/"):
                self.binds.append({"product": known.get("PRODUCT"), "driver": known.get("DRIVER")})


def _waits(batch: list[Device], until: float, patience: float) -> bool:
    """Whether a group stays attached: for its time, until each was seen, and as long as patience asks for."""
    now = time.monotonic()
    if now < until or (now < until + SIGHT and any(device.seen is None for device in batch)):
        return True
    return now < patience and any(device.usable is None for device in batch)


def main() -> int:
    """Attach everything, as many together as asked, and tell."""
    wanted = json.load(sys.stdin)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    prepare()
    heard = Announcements()
    heard.start()
    together = min(wanted.get("together", 1), CONTROLLERS)
    queue, told = list(wanted["devices"]), []
    took = 0.0
    while queue:
        batch = [Device(number, queue.pop(0)) for number in range(min(together, len(queue)))]
        for device in batch:
            device.build()
        disturbing = subprocess.Popen(wanted["before"]) if wanted.get("before") else None
        time.sleep(max(0.0, wanted.get("at", 0) - time.time()))
        started = time.monotonic()
        for device in batch:
            device.plug()
        took = time.monotonic() - started
        until = time.monotonic() + wanted["hold"]
        patience = until + wanted.get("patience", 0)
        while _waits(batch, until, patience):
            for device in batch:
                device.look(heard.added)
            time.sleep(0.05)
        if disturbing is not None:
            disturbing.wait()
        told += [device.result() for device in batch]
        if not (wanted.get("leave") and not queue):
            for device in batch:
                device.remove()
    time.sleep(1)
    json.dump({"devices": told, "binds": heard.binds, "took": took}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
