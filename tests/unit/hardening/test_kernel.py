"""What `shoko/data/kernel.yml` declares, and what role `hardening` makes of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
TEMPLATES = CHECKOUT / "roles/hardening/templates"
DATA = yaml.safe_load((CHECKOUT / "shoko/data/kernel.yml").read_text())
VARS = yaml.safe_load((CHECKOUT / "roles/hardening/vars/main.yml").read_text())
TEMPORARY = "/tmp"  # noqa: S108 - systemd has a unit for it
# What roles, terminals and installers need of the kernel.
NEEDED = {
    "ext4",
    "xfs",
    "btrfs",
    "vfat",
    "overlay",
    "usb-storage",
    "uas",
    "usbhid",
    "wireguard",
    "tun",
    "8021q",
    "nf_tables",
}


def rendered(name: str, **variables: object) -> str:
    """A template of the role, as Ansible renders it."""
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    words = " ".join(word for each in DATA["command_line"] for word in each["words"])
    return environment.from_string((TEMPLATES / name).read_text()).render(
        hardening_data=DATA,
        hardening_words=words,
        hardening_remounted=VARS["hardening_remounted"],
        hardening_later=VARS["hardening_later"],
        **{"hardening_apart": {}, "hardening_early": []} | variables,
    )


def entries() -> list[tuple[str, dict[str, Any]]]:
    """Every entry with the part that it stands in."""
    found = [(part, each) for part in ("sysctl", "modules", "command_line", "mounts", "rights") for each in DATA[part]]
    found += [(f"audit {part}", each) for part, rules in DATA["audit"].items() for each in rules]
    return found + [(f"console {name}", each) for name, each in DATA["console"].items()]


@pytest.mark.parametrize(("part", "entry"), entries())
def test_every_entry_says_why(part: str, entry: dict[str, Any]) -> None:
    assert len(entry["why"].split()) >= 2, f"{part}: {entry}"


def test_nothing_is_said_twice() -> None:
    settings = [key for each in DATA["sysctl"] for key in each["set"]]
    modules = [module for each in DATA["modules"] for module in each["refuse"]]
    words = [word.split("=")[0] for each in DATA["command_line"] for word in each["words"]]
    mounts = [each["at"] for each in DATA["mounts"]]
    for names in (settings, modules, words, mounts):
        assert sorted(set(names)) == sorted(names)
    network = (CHECKOUT / "roles/network/vars/main.yml").read_text()
    assert not [key for key in settings if re.search(rf"^  {re.escape(key)}:", network, re.MULTILINE)], (
        "two roles say what a setting is"
    )


def test_nothing_is_refused_that_hosts_need() -> None:
    refused = {module for each in DATA["modules"] for module in each["refuse"]}
    assert not refused & NEEDED
    text = rendered("modprobe.conf.j2")
    assert all(f"\ninstall {module} /bin/false\nblacklist {module}\n" in text for module in refused)


def test_rules_of_events_hear_administrators_too_and_are_locked_at_the_end() -> None:
    lines = [line for line in rendered("audit.rules.j2").splitlines() if line and not line.startswith("#")]
    assert (lines[0], lines[-1]) == ("-D", "-e 2")
    assert not [line for line in lines if "never" in line]
    people = [line for line in lines if "-F auid>=1000 -F auid!=unset " in line]
    # Numbers of administrators are below 1000 (day 0): whatever is heard of people is heard of them.
    assert people
    assert all(line.replace("-F auid>=1000 -F auid!=unset ", "-F auid<1000 ") in lines for line in people)


def test_both_architectures_are_heard() -> None:
    text = rendered("audit.rules.j2")
    single = [call for each in DATA["audit"]["anybody"] if "only" in each for call in each["calls"]]
    assert single == ["stime", "kexec_load"], "one is not in 64 bits, one has no name in 32"
    native = [line for line in re.findall(r"^.*arch=b64 .*$", text, re.MULTILINE) if "kexec_load" not in line]
    assert len(native) >= 20
    assert all(line.replace("arch=b64", "arch=b32") in text for line in native)


@pytest.mark.parametrize("bound", [True, False])
def test_a_mount_has_the_options_that_are_declared(bound: bool) -> None:
    for mount in DATA["mounts"]:
        text = rendered("mount.j2", mount=mount, bound=bound and mount["at"] != TEMPORARY)
        (options,) = re.findall(r"^Options=(.*)$", text, re.MULTILINE)
        assert set(mount["options"]) <= set(options.split(","))
        assert ("Type=none" in text) == (bound and mount["at"] != TEMPORARY)


def test_what_systemd_mounts_itself_gets_its_options_at_the_start() -> None:
    text = rendered("remount.service.j2")
    declared = {each["at"]: each["options"] for each in DATA["mounts"]}
    found = dict(reversed(line) for line in re.findall(r"^ExecStart=\S+ -o remount,(\S+) (\S+)$", text, re.MULTILINE))
    assert found == {at: ",".join(declared[at]) for at in VARS["hardening_remounted"]}


def test_a_usr_of_its_own_gets_its_options_after_systemd_gave_it_those_of_fstab() -> None:
    text = rendered("remount.service.j2", hardening_early=["/usr"])
    assert "\nExecStart=/usr/bin/mount -o remount,bind,nodev /usr\n" in text
    assert "\nAfter=systemd-remount-fs.service\n" in text


def test_what_is_in_use_to_the_end_is_not_taken_away_before_it() -> None:
    for mount in DATA["mounts"]:
        taken = "Conflicts=umount.target" in rendered("mount.j2", mount=mount, bound=True)
        assert taken == (mount["at"] not in VARS["hardening_later"])


@pytest.mark.parametrize("at", ["/home", TEMPORARY])
def test_a_file_system_of_its_own_keeps_its_options_and_ours_are_the_last_word(at: str) -> None:
    (mount,) = (each for each in DATA["mounts"] if each["at"] == at)
    text = rendered("mount.j2", mount=mount, bound=False, hardening_apart={at: "subvol=@x,exec,x-y=50%"})
    assert f"Options=subvol=@x,exec,x-y=50%%,{','.join(mount['options'])}\n" in text
    assert "size=" not in text


def test_programs_run_below_var_where_root_alone_writes() -> None:
    below = {each["at"]: each["options"] for each in DATA["mounts"] if each["at"].startswith("/var")}
    assert [at for at, options in below.items() if "noexec" not in options] == ["/var/lib/dpkg"]


def test_the_command_line_is_added_to_what_others_say() -> None:
    assert 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX apparmor=1 ' in rendered("grub.cfg.j2")
