"""The disk of a lab host that boots as a machine of its own: an image that a BIOS starts, made without any mount.

Layout: boot sector with a partition table, GRUB's core image in the gap behind it, one ext4 partition from 1 MiB on.
GRUB's `boot.img` reads the core from sector 1 and `grub-mkimage` writes it to be read from there (GRUB manual,
"BIOS installation"), so the two only have to be put in their places.
"""

import shutil
import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path

from shoko.lab.errors import LabError
from shoko.lab.image import ISOLATED
from shoko.lab.run import run

BUILDER = Path(__file__).with_name("build_disk.sh")
SIZE = 6144  # MiB, sparse: Debian takes 1.1 GiB, the roles and logs the rest
SECTOR = 512
PARTITION = 2048  # first sector of the partition
CODE = 440  # bytes of the boot sector before the disk's signature
_LINUX, _ACTIVE = 0x83, 0x80
_NO_CHS = b"\xfe\xff\xff"  # cylinders are not used: read the sector numbers


def make_disk(disk: Path, trees: Sequence[Path], uuid: str, log: Path) -> None:
    """Write a bootable disk that holds the merged `trees` (topmost first); `uuid` names the file system.

    Built aside and renamed; raises LabError if a step fails.
    """
    scratch = Path(tempfile.mkdtemp(prefix=f".{disk.name}-", dir=disk.parent))
    try:
        fresh = scratch / "disk"
        with fresh.open("wb") as handle:
            handle.truncate(SIZE * 2**20)
        offset = PARTITION * SECTOR
        lowers = ":".join(str(tree) for tree in trees)
        script: list[str | Path] = [
            "sh",
            BUILDER,
            fresh,
            str(offset),
            str(SIZE - offset // 2**20),
            uuid,
            lowers,
            scratch,
        ]
        run([*ISOLATED, *script], log=log)
        write_boot(fresh, (scratch / "boot.img").read_bytes(), (scratch / "core.img").read_bytes())
        fresh.replace(disk)
    finally:
        shutil.rmtree(scratch)


def write_boot(disk: Path, boot: bytes, core: bytes) -> None:
    """Write the boot sector (GRUB's code and the partition table) and the core image; LabError if that is too long."""
    gap = (PARTITION - 1) * SECTOR
    if len(core) > gap:
        raise LabError(f"GRUB's core image has {len(core)} bytes, the gap before the partition {gap}")
    sectors = SIZE * 2**20 // SECTOR - PARTITION
    entry = struct.pack("<B3sB3sII", _ACTIVE, _NO_CHS, _LINUX, _NO_CHS, PARTITION, sectors)
    table = bytes(6) + entry + bytes(48) + b"\x55\xaa"
    with disk.open("r+b") as handle:
        handle.write(boot[:CODE] + table + core)
