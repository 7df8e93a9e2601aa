"""Which folders have file systems of their own: what role `hardening` asks a host, as the host's own tools answer."""

from __future__ import annotations

import json
import os
import subprocess
from ast import literal_eval
from pathlib import Path

import jinja2
import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
VARS = yaml.safe_load((CHECKOUT / "roles/hardening/vars/main.yml").read_text())
MOUNTS = yaml.safe_load((CHECKOUT / "shoko/data/kernel.yml").read_text())["mounts"]
# A host whose /opt has a file system that no line of /etc/fstab is about, and which is none of ours either.
HOST = """
set -e
mount --make-rprivate /
[ -e /etc/fstab ] || touch /etc/fstab
mount --bind "$1" /etc/fstab
mount -t tmpfs tmpfs {tmp} && mount -t tmpfs tmpfs /mnt
ln -s /bin/false /mnt/systemd-detect-virt  # the machine may be a container
{more}
PATH=/mnt:$PATH exec sh -c "$2"
"""
TEMPORARY = "/tmp"  # noqa: S108 - systemd has a unit for it

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


def shell() -> str:
    """The question, as Ansible renders it."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    given = [TEMPORARY, *VARS["hardening_remounted"]]
    return environment.from_string(VARS["hardening_look"]).render(
        hardening_data={"mounts": MOUNTS}, hardening_given=given
    )


def asked(tmp_path: Path, fstab: str, more: str = "") -> subprocess.CompletedProcess[str]:
    """The answer of a host with this /etc/fstab; tmpfs at /tmp."""
    file = tmp_path / "fstab"
    file.write_text(fstab)
    command = ["unshare", "--mount", "sh", "-c", HOST.format(tmp=TEMPORARY, more=more), "sh", str(file), shell()]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def apart(answer: str) -> dict[str, str]:
    """The role's own reading of an answer."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    found = json.loads(answer or "{}").get("filesystems", [])
    return literal_eval(environment.from_string(VARS["hardening_apart"]).render(hardening_fstab=found))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("fstab", "expected"),
    [
        ("", {}),
        ("# nothing\n\n", {}),
        ("UUID=1 / ext4 errors=remount-ro 0 1\n", {"/": "errors=remount-ro"}),
        ("UUID=1 /home/ ext4 noatime 0 2\n", {"/home": "noatime"}),
        ("UUID=1 /var ext4\n", {"/var": "defaults"}),
        (
            "UUID=1 none swap sw 0 0\nUUID=2 /srv\\040x ext4 noauto 0 2 \n/a /opt none bind 0 0 # mine\n",
            {"none": "sw", "/srv x": "noauto", "/opt": "bind"},
        ),
    ],
)
def test_what_is_written_is_read(tmp_path: Path, fstab: str, expected: dict[str, str]) -> None:
    answer = asked(tmp_path, fstab)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert apart(answer.stdout) == expected


def test_a_mistake_is_no_empty_file(tmp_path: Path) -> None:
    answer = asked(tmp_path, "UUID=1 / ext4 defaults 0 1\n/home\n")
    assert answer.returncode == 1
    assert answer.stdout.startswith("/etc/fstab has a line that findmnt does not understand: ")


@pytest.mark.parametrize("written", ["", "tmpfs /opt/ tmpfs defaults 0 0\n"])
def test_a_file_system_that_nothing_names_is_not_hidden(tmp_path: Path, written: str) -> None:
    answer = asked(tmp_path, f"UUID=1 / ext4 defaults 0 1\n{written}", "mount -t tmpfs tmpfs /opt")
    refused = "/opt has a file system of its own that /etc/fstab does not name: write it there\n"
    assert (answer.returncode, answer.stdout == refused) == ((0, False) if written else (1, True))


def test_a_folder_that_is_mounted_upon_itself_has_none(tmp_path: Path) -> None:
    assert asked(tmp_path, "", "mount --bind /opt /opt && mount -o remount,bind,nosuid /opt").returncode == 0


def test_a_tmp_that_is_part_of_a_disk_is_refused(tmp_path: Path) -> None:
    answer = asked(tmp_path, "", f"while umount -l {TEMPORARY} 2>/dev/null; do :; done; mount --bind /usr {TEMPORARY}")
    refused = f"{TEMPORARY} is part of another file system: "
    assert (answer.returncode, answer.stdout[: len(refused)]) == (1, refused)
