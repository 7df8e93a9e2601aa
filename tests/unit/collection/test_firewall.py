"""The host's half of `firewall`: real nft in a network of its own; systemd is played by two small scripts."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from ansible_collections.shoko.core.plugins.module_utils import firewall_rules as rules
from ansible_collections.shoko.core.plugins.module_utils import firewall_state as state
from ansible_collections.shoko.core.plugins.module_utils import firewall_windows as windows
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.modules import firewall

UTILS = Path(firewall.state.__file__).parent
TABLE = """table inet shoko
delete table inet shoko
table inet shoko {{
  set open4 {{
    type mark . ipv4_addr . ipv4_addr . inet_service
    flags timeout
  }}
  set ports {{ type inet_service; elements = {{ 22, 80 }}; }}
  chain input {{
    type filter hook input priority filter; policy drop;
    tcp dport @ports counter accept comment "{word}"
  }}
}}
"""
# systemd-run starts the command at once, or a timer's when a test lets its time pass; a timer is stopped by its pid.
SYSTEMD_RUN = """#!/bin/sh
kind=service
while [ "$1" != -- ]; do
  case "$1" in --on-active=*) kind=timer; echo "${1#*=}" >/run/bound;; --unit=*) unit=${1#*=};; esac
  shift
done
shift
[ $kind = service ] && wait=: || wait='until [ -e /run/due ]; do sleep 0.05; done'
setsid sh -c "$wait"'; exec "$@"' sh "$@" </dev/null >>/run/units.log 2>&1 &
echo $! >/run/$unit.$kind.pid
"""
SYSTEMCTL = """#!/bin/sh
[ "$1" = stop ] && [ -e /run/$3.pid ] && kill -- -$(cat /run/$3.pid) $(cat /run/$3.pid) 2>/dev/null && rm /run/$3.pid
exit 0
"""


@pytest.fixture
def host(sandbox, module, tmp_path):
    """Return a function that runs ``work(box)`` on a host with nft, a loader and a clock of its own."""

    def run(work, **settings):
        def inside():
            box = Box(module, tmp_path)
            return work(box)

        return sandbox(inside, "/etc", "/run", "/usr/local", "/var/lib", network=True)

    return run


class Box:
    """A host inside the sandbox."""

    def __init__(self, module, tmp_path):
        tools = tmp_path / "tools"
        tools.mkdir(exist_ok=True)
        for name, text in (("systemd-run", SYSTEMD_RUN), ("systemctl", SYSTEMCTL)):
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        os.environ["PATH"] = f"{tools}:/usr/sbin:/usr/bin:/sbin:/bin"
        program = Path(firewall.PROGRAM)
        program.unlink(missing_ok=True)
        program.symlink_to(UTILS / "firewall_loader.py")
        Path("/etc/nftables.conf").write_text(TABLE.format(word="day-0"))
        rules.nft(["-f", "/etc/nftables.conf"])
        self._module = module
        self.firewall = state.Firewall()

    def params(self, text, **more):
        return {
            "content": text, "boot_file": "/etc/nftables.conf", "tables": ["inet shoko"], "bound": 20,
            "forwarding": None, "windows": [], "permits": [], "state_dir": "/var/lib/shoko", "ident": None, **more,
        }  # fmt: skip

    def compare(self, text, *, check=False, **more):
        return firewall.compare(self._module(self.params(text, **more), check, True), self.firewall)

    def begin(self, text, **more):
        Path("/run/due").unlink(missing_ok=True)
        return firewall.begin(self._module(self.params(text, **more)), self.firewall)["ident"]

    def confirm(self, ident):
        return firewall.confirm(self._module({"ident": ident}), self.firewall)

    def time_passes(self):
        """The time in which the change may be confirmed is over."""
        Path("/run/due").touch()

    def wait(self, word, seconds=120.0):
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if self.state().startswith(word):
                return
            time.sleep(0.05)
        raise AssertionError(f"{self.state()!r} is not {word}: {state.read_text('/run/units.log')}")

    def state(self):
        return state.read_text("/run/shoko-firewall/state")

    def settle(self, text, **more):
        """Apply and confirm."""
        ident = self.begin(text, **more)
        self.wait(f"applied {ident}")
        self.confirm(ident)

    def kernel(self):
        return rules.nft(["list", "ruleset"])

    def loader(self, *verb):
        return subprocess.run(
            ["python3", str(UTILS / "firewall_loader.py"), *verb], capture_output=True, text=True, check=False
        )


def test_a_confirmed_change_stays_and_the_next_run_finds_nothing(host):
    def work(box):
        text = TABLE.format(word="new")
        first = box.compare(text)
        assert (first["apply"], first["reasons"]) == (True, ["no ruleset was confirmed yet"])
        ident = box.begin(text)
        box.wait(f"applied {ident}")
        assert 'comment "new"' in box.kernel()
        assert "day-0" in state.read_text("/etc/nftables.conf"), "the boot file waits for the confirmation"
        timer = int(state.read_text("/run/shoko-firewall-undo.timer.pid"))
        box.confirm(ident)
        assert state.read_text("/etc/nftables.conf") == text
        box.time_passes()
        os.waitpid(timer, 0)  # nothing is left that could undo it
        assert 'comment "new"' in box.kernel()
        second = box.compare(text)
        assert (second["changed"], second["apply"]) == (False, False)

    host(work)


def test_a_confirmation_that_is_asked_for_twice_stands(host):
    """The connection broke before the first answer was through."""

    def work(box):
        ident = box.begin(TABLE.format(word="new"))
        box.wait(f"applied {ident}")
        box.confirm(ident)
        box.confirm(ident)
        assert 'comment "new"' in box.kernel()
        with pytest.raises(rules.FirewallError, match="no longer there to be confirmed"):
            box.confirm("another")

    host(work)


def test_nobody_but_root_can_hold_up_an_undo(host):
    """Whoever may read a file may lock it."""

    def work(box):
        Path("/run/shoko-firewall").mkdir(mode=0o755, exist_ok=True)
        Path("/run/shoko-firewall/lock").touch(mode=0o644)  # as it was made once
        box.settle(TABLE.format(word="good"))
        return Path("/run/shoko-firewall/lock").stat().st_mode & 0o777

    assert host(work) == 0o600


def test_an_unconfirmed_change_undoes_itself(host):
    def work(box):
        box.settle(TABLE.format(word="good"))
        before, boot = rules.canonical(["inet shoko"]), state.read_text("/etc/nftables.conf")
        ident = box.begin(TABLE.format(word="cut"))
        box.wait(f"applied {ident}")
        assert 'comment "cut"' in box.kernel()
        assert state.read_text("/run/bound") == "20\n"
        box.time_passes()
        box.wait(f"undone {ident}")
        assert rules.canonical(["inet shoko"]) == before
        assert state.read_text("/etc/nftables.conf") == boot
        with pytest.raises(rules.FirewallError, match="no longer there to be confirmed"):
            box.confirm(ident)
        assert sorted(os.listdir("/run/shoko-firewall")) == ["lock", "state"]

    host(work)


def test_a_confirmation_killed_half_way_ends_with_the_former_rules_and_boot_file(host):
    def work(box):
        box.settle(TABLE.format(word="good"))
        ident = box.begin(TABLE.format(word="half"))
        box.wait(f"applied {ident}")
        stop, box.firewall._stop_undo = box.firewall._stop_undo, lambda: (_ for _ in ()).throw(KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            box.confirm(ident)
        box.firewall._stop_undo = stop
        assert "half" in state.read_text("/etc/nftables.conf")
        box.time_passes()
        box.wait(f"undone {ident}")
        assert "good" in box.kernel()
        assert "good" in state.read_text("/etc/nftables.conf")

    host(work)


def test_the_boot_file_is_among_the_files_that_a_change_writes(host):
    def work(box):
        file = "/etc/nftables.conf"
        for check in (True, False):
            assert box.compare(TABLE.format(word="new"), check=check)["files"] == [{"path": file, "change": "modify"}]
        box.settle(TABLE.format(word="new"))
        assert box.compare(TABLE.format(word="new"))["files"] == []
        rules.nft([], "flush table inet shoko")
        drifted = box.compare(TABLE.format(word="new"), check=True)
        assert (drifted["changed"], drifted["files"]) == (True, []), "the file already holds these rules"
        Path(file).unlink()
        assert box.compare(TABLE.format(word="new"), check=True)["files"] == [{"path": file, "change": "create"}]

    host(work)


def permit(port):
    """One packet that the ruleset is said to permit."""
    return {
        "chain": "input", "flow": "web", "from": "dmz/rp1", "to": "webopac/app1", "service": "web", "users": [],
        "windowed": False, "ways": [["ipv4", "tcp", port, "10.0.0.1", "10.0.1.1"]],
    }  # fmt: skip


class TestPermits:
    """The record of what is permitted stands and falls with the ruleset."""

    def test_what_was_confirmed_is_what_the_next_change_is_compared_with(self, host):
        def work(box):
            first = box.compare(TABLE.format(word="one"), permits=[permit(80)], check=True)
            assert (first["permitted"], first["denied"]) == ([permit(80)], [])
            box.settle(TABLE.format(word="one"), permits=[permit(80)])
            same = box.compare(TABLE.format(word="one"), permits=[permit(80)])
            assert (same["changed"], same["permitted"], same["denied"]) == (False, [], [])
            for check in (True, False):
                found = box.compare(TABLE.format(word="two"), permits=[permit(81)], check=check)
                assert (found["permitted"], found["denied"]) == ([permit(81)], [permit(80)])

        host(work)

    def test_a_comment_in_the_ruleset_permits_and_denies_nothing(self, host):
        def work(box):
            box.settle(TABLE.format(word="one"), permits=[permit(80)])
            found = box.compare(TABLE.format(word="two"), permits=[permit(80)], check=True)
            assert (found["changed"], found["permitted"], found["denied"]) == (True, [], [])

        host(work)

    def test_a_change_that_undid_itself_left_no_record(self, host):
        def work(box):
            box.settle(TABLE.format(word="good"), permits=[permit(80)])
            ident = box.begin(TABLE.format(word="cut"), permits=[permit(81)])
            box.wait(f"applied {ident}")
            box.time_passes()
            box.wait(f"undone {ident}")
            assert box.firewall.confirmed()["permits"] == [permit(80)]

        host(work)

    def test_a_confirmation_killed_half_way_takes_its_record_back(self, host):
        def work(box):
            box.settle(TABLE.format(word="good"), permits=[permit(80)])
            ident = box.begin(TABLE.format(word="half"), permits=[permit(81)])
            box.wait(f"applied {ident}")
            stop, box.firewall._stop_undo = box.firewall._stop_undo, lambda: (_ for _ in ()).throw(KeyboardInterrupt)
            with pytest.raises(KeyboardInterrupt):
                box.confirm(ident)
            box.firewall._stop_undo = stop
            assert box.firewall.confirmed()["permits"] == [permit(81)], "the record was written before the kill"
            box.time_passes()
            box.wait(f"undone {ident}")
            assert box.firewall.confirmed()["permits"] == [permit(80)]
            assert "good" in box.kernel()

        host(work)

    def test_other_words_for_the_same_rules_are_recorded(self, host):
        def work(box):
            text = TABLE.format(word="one")
            box.settle(text, permits=[permit(80)])
            renamed = {**permit(80), "from": "dmz/rp9"}
            found = box.compare(text, permits=[renamed])
            assert found["reasons"] == ["what the ruleset permits is recorded in other words"]
            assert (found["permitted"], found["denied"]) == ([], [])
            box.settle(text, permits=[renamed])
            assert box.compare(text, permits=[renamed])["changed"] is False

        host(work)

    def test_a_status_stays_short(self, host):
        def work(box):
            box.settle(TABLE.format(word="one"), permits=[permit(80)])
            return json.loads(box.loader("status").stdout)

        assert set(host(work)["confirmed"]) == {"digest", "tables"}


def test_a_refused_ruleset_changes_nothing(host):
    def work(box):
        before = box.kernel()
        with pytest.raises(rules.FirewallError, match="syntax error"):
            box.compare("table inet shoko { rubbish }")
        with pytest.raises(HostError, match="empty firewall"):
            box.compare("  \n")
        assert box.kernel() == before
        assert not os.path.exists("/run/shoko-firewall/pending.json")

    host(work)


def test_foreign_tables_are_left_alone(host):
    def work(box):
        rules.nft([], "table inet foreign {\n chain x {\n counter\n }\n}\n")
        box.settle(TABLE.format(word="new"))
        ident = box.begin(TABLE.format(word="cut"))
        box.wait(f"applied {ident}")
        box.time_passes()
        box.wait(f"undone {ident}")
        assert "table inet foreign" in box.kernel()

    host(work)


def test_a_table_that_is_owned_but_no_longer_written_goes(host):
    def work(box):
        rules.nft([], "add table ip shoko_nat")
        box.settle(TABLE.format(word="new"), tables=["inet shoko", "ip shoko_nat"])
        assert "shoko_nat" not in box.kernel()

    host(work)


def test_a_rule_made_by_hand_is_drift_and_shown(host):
    def work(box):
        text = TABLE.format(word="good")
        box.settle(text)
        rules.nft(["add", "rule", "inet", "shoko", "input", "tcp", "dport", "23", "accept"])
        found = box.compare(text, check=True)
        assert found["reasons"] == ["the kernel's rules are not the confirmed ones"]
        assert '"right": 23' in str(found["diff"])
        box.settle(text)
        assert box.compare(text)["changed"] is False

    host(work)


@pytest.mark.parametrize(
    "command",
    ["flush table inet shoko", "delete element inet shoko ports { 80 }", "add element inet shoko ports { 23 }"],
)
def test_any_change_of_the_kernels_rules_is_drift(host, command):
    def work(box):
        box.settle(TABLE.format(word="good"))
        rules.nft([], command)
        return box.compare(TABLE.format(word="good"), check=True)["reasons"]

    assert host(work) == ["the kernel's rules are not the confirmed ones"]


def test_counters_and_open_windows_are_not_drift(host):
    def work(box):
        text = TABLE.format(word="good")
        window = [
            {
                "name": "w",
                "from": None,
                "until": str(time.time() + 3600),
                "elements": {"open4": [["0x80000011", "10.0.0.1", "10.0.0.2", 5432]]},
            }
        ]
        box.compare(text, windows=window)
        box.settle(text, windows=window)
        assert rules.timed_sets(["inet shoko"]) == {
            ("inet shoko", "open4"): [("2147483665", "10.0.0.1", "10.0.0.2", "5432")]
        }
        subprocess.run(
            ["sh", "-c", "ip link set lo up; timeout 30 nc -w1 127.0.0.1 80"], check=False, capture_output=True
        )
        assert "packets 0" not in box.kernel()
        return box.compare(text, windows=window)["reasons"]

    assert host(work) == []


def test_windows_open_close_and_are_revoked_without_a_new_ruleset(host):
    def work(box):
        text = TABLE.format(word="good")
        box.settle(text)
        cell = ["1", "10.0.0.1", "10.0.0.2", "5432"]
        coming = {
            "name": "later",
            "from": str(time.time() + 3600),
            "until": str(time.time() + 7200),
            "elements": {"open4": [cell]},
        }
        past = {"name": "past", "from": None, "until": "1000", "elements": {"open4": [cell]}}
        assert box.compare(text, windows=[coming, past])["reasons"] == ["other windows are declared"]
        assert rules.timed_sets(["inet shoko"])[("inet shoko", "open4")] == []
        now = {**coming, "from": None}
        assert box.compare(text, windows=[now])["apply"] is False
        assert rules.timed_sets(["inet shoko"])[("inet shoko", "open4")] == [tuple(cell)]
        rules.nft(["flush", "set", "inet", "shoko", "open4"])
        assert box.compare(text, windows=[now])["reasons"] == ["the kernel's windows are not those that are open now"]
        assert rules.timed_sets(["inet shoko"])[("inet shoko", "open4")] == [tuple(cell)]
        box.compare(text, windows=[])
        assert rules.timed_sets(["inet shoko"])[("inet shoko", "open4")] == []
        with pytest.raises(HostError, match="no set nowhere"):
            box.compare(text, windows=[{**now, "elements": {"nowhere": [cell]}}])

    host(work)


def test_a_time_boxed_window_of_its_own_file_survives_a_new_ruleset_and_a_start(host):
    def work(box):
        box.settle(TABLE.format(word="one"))
        item = {"name": "order", "until": time.time() + 3600, "elements": {"open4": [[7, "10.0.0.1", "10.0.0.2", 22]]}}
        os.makedirs("/var/lib/shoko/windows", exist_ok=True)
        Path("/var/lib/shoko/windows/order-1.json").write_text(json.dumps({"windows": [item]}))
        assert box.loader("windows").returncode == 0
        opened = [("7", "10.0.0.1", "10.0.0.2", "22")]
        assert rules.timed_sets(["inet shoko"])[("inet shoko", "open4")] == opened
        box.settle(TABLE.format(word="two"))
        assert rules.timed_sets(["inet shoko"])[("inet shoko", "open4")] == opened
        rules.nft(["flush", "ruleset"])
        assert box.loader("load").returncode == 0
        assert rules.timed_sets(["inet shoko"])[("inet shoko", "open4")] == opened

    host(work)


class TestStart:
    """What nftables.service does when the host starts."""

    def test_forwarding_stands_only_after_a_good_load(self, host):
        def work(box):
            state.set_forwarding(["0", "0"])
            assert box.loader("load", "--forwarding").returncode == 0
            assert state.forwarding() == ["1", "1"]
            assert box.state() == "loaded boot\n"
            Path("/etc/nftables.conf").write_text("rubbish")
            failed = box.loader("load", "--forwarding")
            assert failed.returncode == 1
            assert len(failed.stderr.splitlines()) == 1
            assert state.forwarding() == ["0", "0"]

        host(work)

    def test_a_host_that_is_no_gateway_keeps_its_switches(self, host):
        def work(box):
            state.set_forwarding(["0", "0"])
            box.loader("load")
            assert state.forwarding() == ["0", "0"]

        host(work)

    def test_an_empty_boot_file_is_no_ruleset(self, host):
        def work(box):
            Path("/etc/nftables.conf").write_text("\n")
            return box.loader("load", "--forwarding").stderr

        assert "missing or empty" in host(work)

    def test_a_damaged_window_file_opens_nothing_and_stops_nothing(self, host):
        def work(box):
            os.makedirs("/var/lib/shoko/windows", exist_ok=True)
            Path("/var/lib/shoko/windows/bad.json").write_text('{"windows": [{"until": "soon"}]}')
            return box.loader("load")

        done = host(work)
        assert done.returncode == 0
        assert "bad.json: not a list of windows" in done.stdout

    def test_a_restart_in_the_window_means_the_confirmed_ruleset(self, host):
        def work(box):
            box.settle(TABLE.format(word="good"))
            ident = box.begin(TABLE.format(word="pending"))
            box.wait(f"applied {ident}")
            box.loader("load")
            assert 'comment "good"' in box.kernel()
            assert box.state().startswith(f"undone {ident}")
            assert not os.path.exists("/run/shoko-firewall-undo.timer.pid"), "the undo is disarmed"

        host(work)


def test_an_earlier_pending_change_is_undone_before_the_next_begins(host):
    def work(box):
        box.settle(TABLE.format(word="good"))
        first = box.begin(TABLE.format(word="lost"))
        box.wait(f"applied {first}")
        assert "an earlier change was never confirmed" in box.compare(TABLE.format(word="next"))["reasons"]
        second = box.begin(TABLE.format(word="next"))
        box.wait(f"applied {second}")
        box.time_passes()
        box.wait(f"undone {second}")
        assert 'comment "good"' in box.kernel(), "not the lost one"

    host(work)


def test_forwarding_follows_the_ruleset_and_its_undo(host):
    def work(box):
        state.set_forwarding(["0", "0"])
        ident = box.begin(TABLE.format(word="gateway"), forwarding=True)
        box.wait(f"applied {ident}")
        assert state.forwarding() == ["1", "1"]
        box.time_passes()
        box.wait(f"undone {ident}")
        assert state.forwarding() == ["0", "0"]

    host(work)


def test_check_mode_touches_nothing(host):
    def work(box):
        before = box.kernel()
        found = box.compare(TABLE.format(word="new"), check=True, windows=[
            {"name": "w", "from": None, "until": "2099-01-01T00:00:00+09:00", "elements": {"open4": []}},
        ])  # fmt: skip
        assert found["changed"]
        assert box.kernel() == before
        assert not os.path.exists("/var/lib/shoko/windows")

    host(work)


@pytest.mark.parametrize(("value", "seconds"), [("1000", 1000.0), ("2026-12-07T18:00+09:00", 1796634000.0)])
def test_times_are_absolute(value, seconds):
    assert firewall.epoch(value, "w") == seconds


@pytest.mark.parametrize("value", ["2026-12-07T18:00", "soon"])
def test_a_time_without_zone_is_refused(value):
    with pytest.raises(HostError, match="windows: w"):
        firewall.epoch(value, "windows: w")


def test_an_element_may_be_a_list_or_a_line():
    assert windows.cells([17, "10.0.0.1", 22]) == windows.cells("0x11 . 10.0.0.1 . 22") == ("17", "10.0.0.1", "22")


def test_how_a_change_stands_can_be_read_by_everybody_whatever_the_units_mask_of_rights(tmp_path):
    before = os.umask(0o077)
    try:
        with state.Firewall(str(tmp_path / "state"), str(tmp_path / "run")).locked():
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o755
