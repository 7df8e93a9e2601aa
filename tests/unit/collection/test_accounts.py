"""`accounts` for real: useradd and its kin on a private copy of /etc and /home."""

import grp
import os
import pwd
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from ansible_collections.shoko.core.plugins.module_utils import account_files as files
from ansible_collections.shoko.core.plugins.module_utils import commands
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.modules import accounts

USER = {
    "state": "present", "uid": None, "system": True, "group": None, "groups": None, "append": False, "home": None,
    "create_home": None, "shell": None, "comment": None, "password": None, "authorized_keys": None, "last_day": None,
}  # fmt: skip
KEY = "ssh-ed25519 AAAAC3Nza operator"


@pytest.fixture
def host(sandbox, module):
    """Return a function that runs ``work(apply)`` on a host; apply(users, groups, …) is the module."""

    def apply(users=(), groups=(), *, check=False, part="x"):
        params = {
            "part": part, "state_dir": "/var/lib/shoko",
            "users": [{**USER, **user} for user in users],
            "groups": [{"gid": None, "system": True, **group} for group in groups],
        }  # fmt: skip
        return accounts.work(module(params, check, True))

    return lambda work: sandbox(lambda: work(apply), "/etc", "/home", "/var/lib")


def test_a_system_user_cannot_log_in_and_the_second_run_changes_nothing(host):
    def work(apply):
        users, groups = [{"name": "tst-app", "group": "tst"}], [{"name": "tst", "gid": 987}]
        assert apply(users, groups)["actions"] == ["make group tst", "make user tst-app"]
        entry = pwd.getpwnam("tst-app")
        assert (entry.pw_shell, entry.pw_dir, entry.pw_gid) == ("/usr/sbin/nologin", "/nonexistent", 987)
        assert apply(users, groups) == {"changed": False, "actions": []}

    host(work)


def test_check_mode_predicts_and_touches_nothing(host):
    def work(apply):
        person = [{"name": "tst", "system": False, "authorized_keys": [KEY]}]
        expected = ["make user tst", "make home /home/tst", "write keys of tst"]
        assert apply(person, check=True)["actions"] == expected
        with pytest.raises(KeyError):
            pwd.getpwnam("tst")
        assert apply(person)["actions"] == expected

    host(work)


def test_keys_are_exactly_those_listed(host):
    def work(apply):
        person = {"name": "tst", "system": False, "authorized_keys": [KEY]}
        apply([person])
        file = Path("/home/tst/.ssh/authorized_keys")
        file.write_text(file.read_text() + "ssh-ed25519 AAAA intruder\n")
        assert apply([person])["actions"] == ["write keys of tst"]
        assert file.read_text() == f"{KEY}\n"
        assert (stat.S_IMODE(file.stat().st_mode), file.owner()) == (0o600, "tst")
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        apply([{**person, "authorized_keys": []}])
        assert file.read_text() == ""

    host(work)


def test_keys_are_not_written_through_a_link(host):
    def work(apply):
        person = {"name": "tst", "system": False}
        apply([person])
        os.symlink("/etc", "/home/tst/.ssh")
        with pytest.raises(HostError, match="not written through a link"):
            apply([{**person, "authorized_keys": [KEY]}])
        assert not os.path.exists("/etc/authorized_keys")

    host(work)


def test_groups_are_exact_or_added_to(host):
    def work(apply):
        apply([{"name": "tst", "groups": ["adm"]}])
        assert apply([{"name": "tst", "groups": ["audio"], "append": True}])["actions"] == ["change groups of user tst"]
        assert apply([{"name": "tst", "groups": ["audio"], "append": True}])["actions"] == []
        apply([{"name": "tst", "groups": ["audio"]}])
        return sorted(entry.gr_name for entry in grp.getgrall() if "tst" in entry.gr_mem)

    assert host(work) == ["audio"]


def test_what_the_part_no_longer_lists_is_gone_and_only_that(host):
    def work(apply):
        apply([{"name": "tst-other"}], part="other")
        apply([{"name": "tst-a", "group": "tst"}, {"name": "tst-b", "system": False}], [{"name": "tst"}])
        assert apply([], [])["actions"] == ["remove user tst-a", "remove user tst-b", "remove group tst"]
        assert Path("/home/tst-b").is_dir(), "what a person left stays"
        pwd.getpwnam("tst-other")
        assert apply([], [])["actions"] == []

    host(work)


def test_what_differs_is_corrected(host):
    def work(apply):
        apply([{"name": "tst"}])
        wanted = [{"name": "tst", "shell": "/bin/sh", "home": "/srv/tst", "comment": "A test", "password": "$y$j9T$x"}]
        assert apply(wanted)["actions"] == ["change home, shell, comment, password of user tst"]
        assert apply(wanted)["actions"] == []
        entry = pwd.getpwnam("tst")
        return entry.pw_shell, entry.pw_dir, entry.pw_gecos

    assert host(work) == ("/bin/sh", "/srv/tst", "A test")


def test_root_is_never_removed(host):
    def work(apply):
        with pytest.raises(HostError, match="number 0"):
            apply([{"name": "root", "state": "absent"}])

    host(work)


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"name": "-x"}, "not a name"),
        ({"name": "Ä"}, "not a name"),
        ({"name": "x", "authorized_keys": ["one\ntwo three"]}, "not one line"),
        ({"name": "x", "comment": "a:b"}, "colon"),
    ],
)
def test_what_useradd_would_misread_is_refused(user, words):
    with pytest.raises(HostError, match=words):
        accounts.check_names({"groups": [], "users": [{**USER, **user}]})


def test_an_account_ends_on_its_day_and_the_day_is_kept(host):
    def work(apply):
        person = {"name": "tst", "system": False, "last_day": "2031-03-31"}
        apply([person])
        assert files.last_day("tst") == "2031-03-31"
        assert apply([person])["actions"] == []
        assert apply([{**person, "last_day": "2026-01-01"}])["actions"] == ["change last day of user tst"]
        assert files.last_day("tst") == "2026-01-01"
        assert apply([{**person, "last_day": ""}])["actions"] == ["change last day of user tst"]
        assert files.last_day("tst") == ""
        assert apply([{**person, "last_day": None}])["actions"] == []

    host(work)


def test_an_account_of_the_system_is_never_made_a_persons(host):
    def work(apply):
        for name in ("root", "nobody"):
            with pytest.raises(HostError, match="account of the system"):
                apply([{"name": name, "system": False, "last_day": "2031-03-31"}])
        assert files.last_day("root") == ""

    host(work)


def test_processes_of_a_user_that_is_removed_are_ended_on_this_host_alone(host):
    """Hosts in containers have the machine's user numbers: their processes were ended by this test, once."""
    number = 63211
    elsewhere = subprocess.Popen(["sleep", "600"], user=number)

    def work(apply):
        apply([{"name": "tst", "uid": number}])
        here = subprocess.Popen(["sleep", "600"], user=number)
        assert apply()["actions"] == ["remove user tst"]
        return here.wait(10)

    try:
        assert host(work) == -signal.SIGKILL
        assert elsewhere.poll() is None
    finally:
        elsewhere.kill()
        elsewhere.wait()


@pytest.mark.parametrize("looks", [1, 3])
def test_a_user_whose_processes_take_a_moment_to_end_is_removed_after_them(host, monkeypatch, looks):
    asked, real = [], accounts.run

    def run(command, *more):
        if command[0] != "pkill":
            return real(command, *more)
        asked.append(command)
        return commands.Done(0 if len(asked) < looks else 1, "", "")

    def work(apply):
        apply([{"name": "tst"}])
        monkeypatch.setattr(accounts, "run", run)
        apply()
        return len(asked)

    assert host(work) == looks


def test_a_user_whose_processes_do_not_end_stays_and_the_reason_is_told(host, monkeypatch):
    monkeypatch.setattr(accounts, "ENDING_PAUSE", 0.0)

    def work(apply):
        apply([{"name": "tst"}])
        monkeypatch.setattr(accounts, "run", lambda command, *more: commands.Done(0, "", ""))
        with pytest.raises(HostError, match="tst: processes do not end"):
            apply()
        return pwd.getpwnam("tst").pw_name

    assert host(work) == "tst"


def test_a_host_that_cannot_end_processes_says_why(host, monkeypatch):
    def work(apply):
        apply([{"name": "tst"}])
        monkeypatch.setattr(accounts, "run", lambda command, *more: commands.Done(2, "", "pkill: unrecognized option"))
        with pytest.raises(HostError, match="tst: processes cannot be ended: pkill: unrecognized option"):
            apply()

    host(work)
