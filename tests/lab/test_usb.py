"""Device control on a terminal with a kernel of its own: hot-plug at the emulator's ports and by pretended devices.

In order: each test stands on the ones before; one starts the terminal anew, the last changes its policy.
`make usb-long` is the same with many more attachments and boots; with `-s` it says how long registered devices took.
"""

import os
import shlex
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from conftest import CHECKOUT, LabCommand
from terminal import FEW, Device, Terminal

ATTACHMENTS = int(os.environ.get("SHOKO_USB_ATTACHMENTS", "50"))
BOOTS = int(os.environ.get("SHOKO_USB_BOOTS", "1"))
# plugged in at once: as many as the kernel pretends, and as many of the emulator's as its ports take
PRETENDED, EMULATED = 30, 20
CROWD_SECONDS = 5.0
READY_SECONDS = 60  # until an emulated terminal has described all pretended devices of a group to its kernel
HOLD = 4.0  # seconds that a device stays attached: an emulated daemon needs one to decide
USABLE_SECONDS = 2.0  # the bar; asked by the benchmark alone
PATIENCE = 60  # seconds that a registered one may take on a busy machine
ROLE = "usb_control"
STRANGER = Device("dead", "beef", "STRANGER", ("keyboard",))


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """The terminal on day 0; taken down and removed at the end."""
    folder: Path = tmp_path_factory.mktemp("usb")
    lab = LabCommand(f"tu{os.getpid() % 100000}", folder / "state")
    try:
        lab.run("up", *FEW)
        yield Terminal(lab, folder)
    finally:
        lab.end()


USABLE: dict[str, float] = {}  # seconds from plugging in until a registered device worked
ATTACHED: Counter[str] = Counter()  # what nobody registered, and starts of the kernel with it in its ports


def refused(report: dict) -> None:
    """Every device was seen, none was let in, and no driver was bound to any for any time."""
    ATTACHED["pretended"] += len(report["devices"])
    for device in report["devices"]:
        assert device["seen"] is not None, f"the kernel did not even see {device}"
        assert (device["authorized"], device["drivers"], device["blocks"], device["inputs"]) == ("0", [], [], []), (
            device
        )
    assert report["binds"] == []


def test_the_role_closes_the_ports_and_a_second_run_changes_nothing(terminal: Terminal) -> None:
    assert terminal.play("--check", "--diff", tags=ROLE)["changed"] > 0
    assert terminal.play(tags=ROLE)["failed"] == 0
    assert terminal.play(tags=ROLE)["changed"] == 0
    terminal.lay_tools()
    terminal.run("modprobe dummy_hcd num=30")
    assert {row["authorized"] for row in terminal.on_bus("0627:0001")} == {"1"}, "the keyboard that was there stays"


def test_what_nobody_registered_is_refused_and_reported(terminal: Terminal) -> None:
    since = terminal.now()
    terminal.attach_storage("stranger", "UNKNOWN-STICK")
    terminal.wait_for("grep -l UNKNOWN-STICK /sys/bus/usb/devices/*/serial")
    refused(terminal.plug([STRANGER, STRANGER.with_(functions=("storage",))], HOLD))
    (row,) = terminal.on_bus("UNKNOWN-STICK")
    assert (row["authorized"], row["drivers"]) == ("0", "")
    assert "usb_storage" not in terminal.run("cat /proc/modules")
    for words in (("46f4:0001", "UNKNOWN-STICK", "block"), ("dead:beef", "STRANGER", "block")):
        terminal.reports(since, *words)
    terminal.detach("stranger")
    ATTACHED["emulated"] += 1


def test_a_hub_is_refused_and_what_is_behind_it_is_not_even_seen(terminal: Terminal) -> None:
    terminal.attach("usb-hub", "hub", port="3")
    terminal.attach("usb-kbd", "behind", port="3.1", serial="BEHIND-A-HUB")
    terminal.wait_for("grep -lx 0409 /sys/bus/usb/devices/*/idVendor")
    (row,) = terminal.on_bus("0409:55aa")
    assert (row["authorized"], row["drivers"]) == ("0", "")
    assert terminal.on_bus("BEHIND-A-HUB") == []
    terminal.detach("behind")
    terminal.detach("hub")
    ATTACHED["emulated"] += 2


def test_a_registered_device_with_one_thing_changed_is_refused(terminal: Terminal) -> None:
    scanner, medium = terminal.registered("barcode-scanner"), terminal.registered("transfer-in")
    refused(
        terminal.plug(
            [
                scanner.with_(serial="S20A113457"),
                scanner.with_(serial=""),
                scanner.with_(vendor="05e1"),
                scanner.with_(product="1201"),
                scanner.with_(functions=("keyboard", "storage")),
                scanner.with_(functions=("keyboard", "keyboard")),
                medium.with_(serial="SHOKO-TRANSFER-99"),
                medium.with_(vendor="0952"),
                medium.with_(functions=("storage", "keyboard")),
                terminal.registered("counter-keyboard").with_(serial="NEW"),
            ],
            HOLD,
            together=3,
        )
    )


def test_registered_devices_work(terminal: Terminal) -> None:
    names = ["counter-keyboard", "card-reader", "barcode-scanner"]
    report = terminal.plug([terminal.registered(name) for name in names], HOLD, patience=PATIENCE)
    usable = {name: device["usable"] for name, device in zip(names, report["devices"], strict=True)}
    assert [name for name, seconds in usable.items() if seconds is None] == []
    USABLE.update(usable)
    assert {bound["driver"] for bound in report["binds"]} == {"usbhid"}, (
        "bindings are heard: silence elsewhere says something"
    )


def test_registered_media_are_mounted_as_declared_and_never_executable(terminal: Terminal) -> None:
    (medium,) = terminal.plug([terminal.registered("transfer-in")], HOLD, patience=PATIENCE, leave=True)["devices"]
    USABLE["transfer-in"] = medium["usable"]
    (mounted,) = medium["mounts"]
    assert mounted.split()[1] == "/media/transfer-in"
    assert {"ro", "noexec", "nosuid", "nodev"} <= set(mounted.split()[3].split(","))
    _refused_where_the_host_would_start_from_it(terminal, medium["blocks"][0])
    assert terminal.run("touch /media/transfer-in/x 2>&1 || true").strip().endswith("Read-only file system")
    assert terminal.run(f"cat /sys/block/{medium['blocks'][0]}/ro").strip() == "1", "not even past the file system"
    (medium,) = terminal.plug([terminal.registered("transfer-out")], HOLD, patience=PATIENCE, leave=True)["devices"]
    (mounted,) = medium["mounts"]
    assert {"rw", "noexec", "nosuid", "nodev"} <= set(mounted.split()[3].split(","))
    script = "printf '#!/bin/sh\\necho ran\\n' >/media/transfer-out/x && /media/transfer-out/x 2>&1 || true"
    assert terminal.run(script).strip().endswith("Permission denied")


def _refused_where_the_host_would_start_from_it(terminal: Terminal, disk: str) -> None:
    """What the role asks before it writes anything, with the medium as the host's /boot/efi."""
    asked = shlex.quote(yaml.safe_load((CHECKOUT / f"roles/{ROLE}/vars/main.yml").read_text())["usb_control_start"])
    assert terminal.run(f"sh -c {asked}") == ""
    terminal.run(f"mkdir -p /boot/efi && mount -o ro /dev/{disk} /boot/efi")
    said = terminal.run(f"sh -c {asked} && echo accepted; umount /boot/efi")
    assert said.startswith(f"/boot/efi lies on the USB disk /dev/{disk}, ")
    assert "accepted" not in said


def test_nothing_slips_through_while_the_daemon_is_away_or_coming_back(terminal: Terminal) -> None:
    strangers = [STRANGER.with_(serial=f"AWAY-{number}") for number in range(6)]
    refused(terminal.plug(strangers[:2], HOLD, before=["systemctl", "restart", "usbguard"]))
    refused(terminal.plug(strangers[2:4], HOLD, before=["systemctl", "kill", "--signal=KILL", "usbguard"]))
    refused(terminal.plug(strangers[4:], HOLD, before=["systemctl", "stop", "usbguard"]))
    terminal.run("systemctl start usbguard")
    (scanner,) = terminal.plug([terminal.registered("barcode-scanner")], HOLD, patience=PATIENCE)["devices"]
    assert scanner["usable"] is not None, "the daemon is back and lets in what is registered"


def test_fifty_strangers_in_five_seconds_are_refused(terminal: Terminal) -> None:
    kinds = [("keyboard",), ("hid",), ("keyboard", "storage"), *[("vendor",)] * 5, *[("network",)] * 7]
    kinds += [("storage",)] * (PRETENDED - len(kinds))
    since = terminal.now()
    terminal.attach_controller()
    for first in range(0, ATTACHMENTS, PRETENDED + EMULATED):
        crowd = [STRANGER.with_(serial=f"CROWD-{first + n}", functions=kinds[n]) for n in range(PRETENDED)]
        at = time.time() + READY_SECONDS
        with ThreadPoolExecutor(1) as beside:
            waiting = beside.submit(terminal.plug, crowd, HOLD, together=PRETENDED, at=at)
            time.sleep(at - time.time())
            serials = terminal.attach_crowd(f"EMULATED-{first}", EMULATED)
            plugged_in = time.time() - at
            report = waiting.result()
        terminal.wait_for(f"test $(grep -l EMULATED-{first}- /sys/bus/usb/devices/*/serial | wc -l) = {EMULATED}")
        refused(report)
        assert len(report["devices"]) == PRETENDED
        assert max(report["took"], plugged_in) < CROWD_SECONDS, "plugged in too slowly to be what this is about"
        rows = {row["serial"]: row for row in terminal.on_bus() if row["serial"] in serials}
        assert {serial: (row["authorized"], row["drivers"]) for serial, row in rows.items()} == dict.fromkeys(
            serials, ("0", "")
        )
        print(f"{len(crowd)} + {len(serials)} plugged in within {report['took']:.1f} and {plugged_in:.1f} s")
        ATTACHED["emulated"] += len(serials)
        for serial in serials:
            terminal.detach(serial)
    bound = terminal.run(f"journalctl --no-pager --dmesg --since '{since}'")
    assert [word for word in ("usb-storage", "hid-generic") if word in bound] == [], "a driver took the emulator's"


def test_what_was_plugged_in_before_the_kernel_started_is_refused_and_nobody_is_locked_out(terminal: Terminal) -> None:
    terminal.attach_storage("early", "EARLY-STICK")
    terminal.attach("usb-kbd", "rogue", serial="EARLY-KEYBOARD")
    for _ in range(BOOTS):
        terminal.reboot()
        _closed_since_the_kernel_started(terminal)
        ATTACHED["starts"] += 1


def test_where_no_storage_is_accepted_none_gets_a_driver_and_a_spare_keyboard_works_while_no_other_does(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.detach("early")
    terminal.detach("rogue")
    medium = terminal.registered("transfer-in")
    without = without_storage(terminal, tmp_path / "site")
    assert without.play("--check", "--diff", tags=ROLE)["changed"] > 0
    assert without.play(tags=ROLE)["failed"] == 0
    assert without.play(tags=ROLE)["changed"] == 0
    terminal.lay_tools()
    since = terminal.now()
    report = terminal.plug([medium, STRANGER.with_(functions=("keyboard", "storage"))], HOLD)
    assert report["binds"] == []
    assert all(device["seen"] is not None for device in report["devices"])
    assert {device["authorized"] for device in report["devices"]} <= {None, "0"}, "rejected: the kernel forgets it"
    terminal.reports(since, f"{medium.vendor}:{medium.product}", medium.serial, "reject")
    for driver in ("usb_storage", "uas", "rtsx_usb", "ushc", "vub300"):
        assert terminal.run(f"modinfo {driver} >/dev/null && ! modprobe {driver} && echo refused").strip() == "refused"
    assert "usb_storage" not in terminal.run("cat /proc/modules")
    refused(terminal.plug([STRANGER], HOLD))
    terminal.detach("keyboard")
    scanner = terminal.registered("barcode-scanner")
    attached = terminal.plug([scanner, STRANGER], HOLD, together=2, patience=PATIENCE)["devices"]
    assert [device["serial"] for device in attached if device["usable"] is None] == [], "nobody could type"
    refused(terminal.plug([STRANGER.with_(functions=("keyboard", "keyboard"))], HOLD))
    terminal.attach("usb-kbd", "keyboard", serial="KEYBOARD-1")
    terminal.wait_for("grep -lx KEYBOARD-1 /sys/bus/usb/devices/*/serial")
    ATTACHED["pretended"] += len(report["devices"])


def test_a_strange_keyboard_that_was_there_first_gives_way_at_each_start(terminal: Terminal) -> None:
    """Devices are judged one by one from the first port on, and a spare one only when all were judged."""
    spare, registered = "A-SPARE", terminal.registered("keyboard").serial
    terminal.detach("keyboard")
    terminal.attach("usb-kbd", "spare", serial=spare)
    terminal.wait_for(typing(spare))
    terminal.run("systemctl restart usbguard")
    terminal.wait_for(typing(spare))
    terminal.attach("usb-kbd", "keyboard", serial=registered)
    terminal.wait_for(typing(registered))
    (first,), (second,) = terminal.on_bus(spare), terminal.on_bus(registered)
    assert first["path"] < second["path"], "else this test would say nothing"
    terminal.run("systemctl restart usbguard")
    only_the_registered_one_types(terminal, spare, registered)
    terminal.reboot()
    only_the_registered_one_types(terminal, spare, registered)
    assert terminal.run("journalctl --no-pager --boot --dmesg").count(": USB HID v") == 1, "for no moment"
    terminal.detach("spare")


def typing(serial: str) -> str:
    """A shell line that says whether a keyboard has its driver."""
    return f"test -e $(dirname $(grep -lx {serial} /sys/bus/usb/devices/*/serial))/*:1.0/driver"


def only_the_registered_one_types(terminal: Terminal, spare: str, registered: str) -> None:
    terminal.wait_for(typing(registered))
    terminal.wait_for("systemctl is-active --quiet usbguard")
    time.sleep(HOLD)
    (row,) = terminal.on_bus(spare)
    assert (row["authorized"], row["drivers"]) == ("0", "")
    (row,) = terminal.on_bus(registered)
    assert (row["authorized"], row["drivers"]) == ("1", "usbhid")


def without_storage(terminal: Terminal, site: Path) -> Terminal:
    """The same terminal, at a site whose counters have the policy of its terminals for the public."""
    shutil.copytree(terminal.lab.site, site)
    written = site / "declaration/usb.yml"
    declared = yaml.safe_load(written.read_text())
    usb = declared["usb"]
    usb["groups"][terminal.group] = dict(usb["groups"]["opac_terminals"])
    usb["devices"] = {name: device for name, device in usb["devices"].items() if "media" not in device}
    written.write_text(yaml.safe_dump(declared, allow_unicode=True))
    return Terminal(replace(terminal.lab, site=site), terminal.folder)


def test_benchmark() -> None:
    print(dict(ATTACHED), USABLE)
    assert ATTACHED["pretended"] + ATTACHED["emulated"] >= ATTACHMENTS
    assert ATTACHED["starts"] >= BOOTS
    assert max(USABLE.values()) <= USABLE_SECONDS


def _closed_since_the_kernel_started(terminal: Terminal) -> None:
    assert "usbcore.authorized_default=0" in terminal.run("cat /proc/cmdline")
    for serial in ("EARLY-STICK", "EARLY-KEYBOARD"):
        (row,) = terminal.on_bus(serial)
        assert (row["authorized"], row["drivers"]) == ("0", "")
    kernel = terminal.run("journalctl --no-pager --boot --dmesg")
    assert kernel.count("Device is not authorized for usage") >= 3, "each waited for the daemon, the keyboard too"
    assert "usb-storage" not in kernel
    keyboard = terminal.registered("keyboard")
    (row,) = terminal.on_bus(keyboard.serial)
    assert (row["authorized"], row["drivers"]) == ("1", "usbhid")
