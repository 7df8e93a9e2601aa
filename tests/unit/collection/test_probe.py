"""`probe` tells what was tried, with the reason for every no."""

import os
from types import SimpleNamespace

import pytest

from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.modules import probe


def test_a_setting_that_does_not_exist_is_neither_present_nor_writable():
    found = probe.sysctl("net.ipv4.no_such_setting")
    assert (found["present"], found["writable"]) == (False, False)
    assert "no such setting" in found["reason"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may write kernel settings")
def test_writable_is_tried_not_guessed(sandbox):
    def work():
        before = probe.sysctl("net.ipv4.ip_forward")
        os.system("mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys")  # noqa: S605
        return before, probe.sysctl("net.ipv4.ip_forward")

    before, after = sandbox(work, network=True)
    assert (before["writable"], after["writable"]) == (True, False)
    assert before["value"] == after["value"]
    assert after["reason"] == "Read-only file system"


def test_a_slash_keeps_the_dots_of_an_interface():
    assert probe.sysctl("net/ipv4/conf/lo/forwarding")["present"] is True


def test_capabilities_are_those_that_services_may_get():
    with open("/proc/1/status", encoding="ascii") as stream:
        bounds = next(int(line.split()[1], 16) for line in stream if line.startswith("CapBnd:"))
    assert probe.capabilities(["CAP_CHOWN", "CAP_SYS_TIME"]) == {
        "CAP_CHOWN": bool(bounds & 1), "CAP_SYS_TIME": bool(bounds & 1 << 25),
    }  # fmt: skip
    with pytest.raises(HostError, match="CAP_FLY: no such capability"):
        probe.capabilities(["CAP_FLY"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may change rules")
def test_nft_is_asked_without_leaving_a_table(sandbox):
    def work():
        finding = probe.nft()
        return finding.works, os.popen("nft list tables").read()  # noqa: S605

    assert sandbox(work, network=True) == (True, "")


@pytest.mark.parametrize("container", [True, False])
def test_what_a_container_sees_of_usb_is_its_machines(container, monkeypatch):
    answers = {"systemd-detect-virt": 0 if container else 1}
    monkeypatch.setattr(probe, "run", lambda argv: SimpleNamespace(rc=answers[argv[0]]))
    monkeypatch.setattr(probe.os.path, "isdir", lambda path: path == "/sys/bus/usb/devices")
    assert probe.usb().works is not container
