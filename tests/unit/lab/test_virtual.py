"""The disk and the monitor of a host with a kernel of its own."""

import json
import socket
import struct
import threading
from pathlib import Path

import pytest

from shoko.lab.disk import PARTITION, SECTOR, SIZE, write_boot
from shoko.lab.errors import LabError
from shoko.lab.qmp import Monitor
from shoko.lab.virtual import answers


def test_the_boot_sector_names_one_bootable_partition_that_ends_with_the_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(PARTITION * SECTOR))
    write_boot(disk, b"B" * SECTOR, b"core image")
    sector = disk.read_bytes()[: 2 * SECTOR]
    active, kind, first, count = struct.unpack("<B3xB3xII", sector[446:462])
    assert (active, kind, first) == (0x80, 0x83, PARTITION)
    assert (first + count) * SECTOR == SIZE * 2**20
    assert sector[462:512] == bytes(48) + b"\x55\xaa"
    assert sector[:440] == b"B" * 440, "code of the boot loader, and not over the table"
    assert sector[SECTOR:].startswith(b"core image")


def test_a_core_image_that_would_run_into_the_partition_is_refused(tmp_path):
    disk = tmp_path / "disk"
    disk.touch()
    with pytest.raises(LabError, match="the gap before the partition"):
        write_boot(disk, bytes(SECTOR), bytes(PARTITION * SECTOR))


def emulator(place: Path, answers_: list[dict]) -> threading.Thread:
    """Something that speaks QMP: a greeting, then one line after each command."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(place))
    server.listen(1)

    def speak() -> None:
        connection, _ = server.accept()
        with connection, connection.makefile("rwb") as stream:
            stream.write(b'{"QMP": {}}\n')
            stream.flush()
            for answer in [[{"return": {}}], *answers_]:
                stream.readline()
                for message in answer:
                    stream.write(json.dumps(message).encode() + b"\n")
                stream.flush()
        server.close()

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    return thread


def test_the_monitor_keeps_events_apart_from_answers_and_tells_refusals(tmp_path):
    place = tmp_path / "qmp"
    gone = {"event": "DEVICE_DELETED", "data": {"device": "stick"}}
    thread = emulator(place, [[gone, {"return": 1}], [{"error": {"desc": "no such device"}}]])
    with Monitor(place) as monitor:
        assert monitor.execute("device_del", id="stick") == 1
        with pytest.raises(LabError, match="QEMU refuses device_del: no such device"):
            monitor.execute("device_del", id="other")
        monitor.await_event("DEVICE_DELETED", 1, device="stick")
        assert monitor.events == []
    thread.join(5)


def test_a_machine_that_is_off_does_not_answer(tmp_path):
    assert not answers(tmp_path / "qmp")
