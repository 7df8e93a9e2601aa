"""The Windows policy, read back by a registry editor that is not ours (hivexregedit): no Windows runs here."""

import struct
import subprocess
from functools import reduce
from operator import xor
from pathlib import Path

import pytest

from shoko.cli import main

ROOT = Path(__file__).parents[3]
RESTRICTIONS = r"\SOFTWARE\Policies\Microsoft\Windows\DeviceInstall\Restrictions"


def _cell(content: bytes) -> bytes:
    size = -(-(4 + len(content)) // 8) * 8
    return (struct.pack("<i", -size) + content).ljust(size, b"\0")


def empty_hive() -> bytes:
    """A registry hive with nothing but its root key, after the public descriptions of the format ("regf" 1.3)."""
    name, none = b"ROOT", 0xFFFFFFFF
    owner = 0x20 + 88  # the security descriptor's cell, behind the root key's
    counts = (0, none, 0, 0, none, none, 0, none, owner, none, 0, 0, 0, 0, 0)
    root = struct.pack("<2sHQ15IHH", b"nk", 0x2C, 0, *counts, len(name), 0) + name
    security = struct.pack("<2sHIIII", b"sk", 0, owner, owner, 1, 20) + struct.pack(
        "<BBHIIII", 1, 0, 0x8000, 0, 0, 0, 0
    )
    block = struct.pack("<4sIIQQI", b"hbin", 0, 4096, 0, 0, 0) + _cell(root) + _cell(security)
    block += struct.pack("<i", 4096 - len(block))
    head = struct.pack("<4sIIQIIIIII", b"regf", 1, 1, 0, 1, 3, 0, 1, 0x20, 4096)
    head += struct.pack("<I", 1) + bytes(508 - len(head) - 4)
    head += struct.pack("<I", reduce(xor, struct.unpack("<127I", head)))
    return head.ljust(4096, b"\0") + block.ljust(4096, b"\0")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lab's policies as an operator gets them."""
    folder = tmp_path_factory.mktemp("windows")
    assert main(["usb", "-i", str(ROOT / "inventories/lab"), "--windows", str(folder)]) == 0
    return folder


def merged(file: Path, folder: Path) -> dict[str, dict[str, str]]:
    """What a registry holds after the file was merged into an empty one, twice: values by key."""
    hive = folder / f"{file.stem}.hive"
    hive.write_bytes(empty_hive())
    content = file.read_bytes()
    assert content.startswith(b"\xff\xfe"), "regedit takes UTF-16 with a byte order mark"
    plain = folder / file.name  # this editor takes plain text only
    made: set[str] = set()  # nor does it make parents by itself, as regedit does
    with plain.open("w", newline="") as text:
        text.write("Windows Registry Editor Version 5.00\r\n\r\n")
        for line in content.decode("utf-16").split("\r\n"):
            if line.startswith("[HKEY"):
                parts = line.strip("[]").split("\\")
                for depth in range(2, len(parts)):
                    parent = "\\".join(parts[:depth])
                    if parent not in made:
                        text.write(f"[{parent}]\r\n\r\n")
                        made.add(parent)
    with plain.open("a", newline="") as text:
        text.write("\r\n".join(content.decode("utf-16").split("\r\n")[1:]))
    merge = ["hivexregedit", "--merge", "--prefix", "HKEY_LOCAL_MACHINE", str(hive), str(plain)]
    for _ in range(2):
        subprocess.run(merge, check=True, capture_output=True)
    export = ["hivexregedit", "--export", "--unsafe-printable-strings", str(hive), "\\"]
    text = subprocess.run(export, check=True, capture_output=True, text=True).stdout
    keys: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            keys[line.strip("[]")] = {}
        elif "=" in line:
            name, _, value = line.partition("=")
            keys[[*keys][-1]][name.strip('"')] = value
    return keys


def test_every_host_under_device_control_has_its_file_and_no_other(rendered: Path) -> None:
    assert sorted(file.stem for file in rendered.iterdir()) == [
        "tb-central", "tb-south", "ti-central", "ti-south", "to-central",
    ]  # fmt: skip


def test_a_terminal_with_registered_media_installs_what_is_registered_and_nothing_else(
    rendered: Path, tmp_path: Path
) -> None:
    keys = merged(rendered / "tb-central.reg", tmp_path)
    assert keys[RESTRICTIONS]["DenyUnspecified"] == "dword:00000001"
    instances = keys[rf"{RESTRICTIONS}\AllowInstanceIDs"].values()
    assert any(r"USB\VID_0951&PID_1666\SHOKO-TRANSFER-01" in value for value in instances)
    ids = keys[rf"{RESTRICTIONS}\AllowDeviceIDs"].values()
    assert not any("VID_0951" in value for value in ids), "a medium is allowed by its serial number only"
    assert any(r"USB\VID_04D9&PID_1503" in value for value in ids), "a keyboard without a serial number, by its model"
    storage = r"\SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices\{53f5630d-b6bf-11d0-94f2-00a0c91efb8b}"
    assert keys[storage]["Deny_Execute"] == "dword:00000001"


def test_a_terminal_without_storage_has_it_denied_and_its_drivers_off(rendered: Path, tmp_path: Path) -> None:
    keys = merged(rendered / "to-central.reg", tmp_path)
    assert any(r"USB\Class_08" in value for value in keys[rf"{RESTRICTIONS}\DenyDeviceIDs"].values())
    for driver in ("USBSTOR", "UASPStor"):
        assert keys[rf"\SYSTEM\CurrentControlSet\Services\{driver}"]["Start"] == "dword:00000004"
    assert keys[r"\SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices"]["Deny_All"] == "dword:00000001"
    (allowed,) = keys[rf"{RESTRICTIONS}\AllowInstanceIDs"].values()
    assert r"VID_0627&PID_0001\KEYBOARD-1" in allowed, "its registered keyboard and nothing else"
