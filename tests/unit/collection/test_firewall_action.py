"""The controller's half of `firewall`: what counts as a new connection, and what is said when one fails."""

import socket

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.shoko.core.plugins.action import firewall
from ansible_collections.shoko.core.plugins.plugin_utils import probing
from ansible_collections.shoko.core.plugins.plugin_utils.probing import Answer, Target


class Connection:
    """An ssh connection plugin with its options."""

    transport = "ssh"

    def __init__(self, **options):
        self.options = {
            "host": "10.0.0.1", "ssh_executable": "ssh", "port": None, "remote_user": "root", "private_key_file": "/k",
            "ssh_args": "-F /lab/ssh_config -o ControlMaster=auto -o ControlPersist=60s", "ssh_common_args": None,
            "ssh_extra_args": None, "host_key_checking": True, **options,
        }  # fmt: skip

    def get_option(self, name):
        return self.options[name]


class Script(Target):
    """A target that answers as scripted, the last answer for ever."""

    def __new__(cls, name, *answers):
        self = super().__new__(cls)
        object.__setattr__(self, "answers", list(answers))
        object.__setattr__(self, "asked", [])
        return self

    def __init__(self, name, *answers):
        super().__init__(name)

    def ask(self, command, timeout):
        self.asked.append(command)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Answer(*answer)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def action(monkeypatch):
    monkeypatch.setattr(firewall, "time", Clock())
    return firewall.ActionModule.__new__(firewall.ActionModule)


def soon(seconds=10):
    return firewall.time.monotonic() + seconds


def test_the_proof_never_rides_on_the_open_connection():
    argv = probing.of_connection("fw1", Connection()).ssh
    # ssh takes the first value it sees, so ours must stand before those of Ansible.
    assert argv.index("ControlPath=none") < argv.index("ControlMaster=auto")
    assert argv.index("ControlMaster=no") < argv.index("ControlMaster=auto")
    assert argv[-1] == "10.0.0.1"
    assert "StrictHostKeyChecking=no" not in argv
    assert {"-F", "/lab/ssh_config", "User=root", "IdentityFile=/k", "BatchMode=yes"} <= set(argv)


def test_a_connection_that_cannot_be_opened_anew_is_refused():
    connection = Connection()
    connection.transport = "paramiko"
    with pytest.raises(AnsibleActionFail, match="needs the ssh connection"):
        probing.of_connection("fw1", connection)


def test_hosts_behind_are_reached_by_their_own_variables():
    hostvars = {"db1": {"ansible_host": "10.10.50.11", "ansible_user": "converge", "ansible_port": 2222}}
    argv = probing.of_inventory("db1", hostvars, Connection()).ssh
    assert {"Port=2222", "User=converge", "IdentityFile=/k"} <= set(argv)
    assert argv[-1] == "10.10.50.11"
    assert probing.of_inventory("[2001:db8::1]:443", {}, Connection()).tcp == ("2001:db8::1", 443)
    with pytest.raises(AnsibleActionFail, match="nowhere is neither"):
        probing.of_inventory("nowhere", {}, Connection())


def test_a_tcp_target_is_really_connected_to():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert probing.of_inventory(f"127.0.0.1:{port}", {}, Connection()).ask([], 2).ok
    assert not probing.of_inventory(f"127.0.0.1:{port}", {}, Connection()).ask([], 2).ok


def test_a_change_is_proven_by_a_connection_opened_after_it(action):
    host = Script("fw1", (True, "confirmed old"), (False, "timed out"), (True, "applied x1"))
    assert action._prove(host, [], "x1", {}, soon()) == ["fw1"]
    assert len(host.asked) == 4, "the one that first saw it applied is followed by a new one"


def test_a_host_that_no_longer_answers_is_cut(action):
    with pytest.raises(firewall.Cut, match=r"no new connection to fw1 \(timed out\)"):
        action._prove(Script("fw1", (False, "timed out")), [], "x1", {}, soon())


def test_losing_the_host_after_the_first_look_is_cut(action):
    host = Script("fw1", (True, "applied x1"), (False, "timed out"))
    with pytest.raises(firewall.Cut, match="no new connection to fw1"):
        action._prove(host, [], "x1", {}, soon())


def test_a_ruleset_the_host_refuses_is_told_at_once(action):
    host = Script("fw1", (True, "refused x1 nft: no such chain"))
    with pytest.raises(AnsibleActionFail, match="nothing was changed: nft: no such chain"):
        action._prove(host, [], "x1", {}, soon())


def test_a_host_behind_that_no_longer_answers_is_named(action):
    host, good, bad = (
        Script("fw1", (True, "applied x1")),
        Script("rp1", (True, "")),
        Script("db1", (False, "timed out")),
    )
    with pytest.raises(firewall.Cut, match=r"through fw1 to db1 \(timed out\)"):
        action._prove(host, [good, bad], "x1", {}, soon())
    assert len(good.asked) == 1


def test_a_host_behind_that_is_away_before_the_change_is_named_and_not_asked_later(action, monkeypatch):
    warned = []
    monkeypatch.setattr(firewall.display, "warning", warned.append)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as closing:
            closed = closing.getsockname()[1]
        action._connection = Connection()
        asked = action._through({"through": [f"127.0.0.1:{port}", f"127.0.0.1:{closed}"]}, {"hostvars": {}})
    assert [target.name for target in asked] == [f"127.0.0.1:{port}"]
    (said,) = warned
    assert f"127.0.0.1:{closed} did not answer before the change" in said


def test_a_host_behind_may_need_a_moment(action):
    late = Script("db1", (False, "timed out"), (False, "timed out"), (True, ""))
    assert action._prove(Script("fw1", (True, "applied x1")), [late], "x1", {}, soon()) == ["fw1", "db1"]


def test_the_confirm_command_decides(action):
    host = Script("fw1", (True, "applied x1"), (True, "applied x1"), (False, "two masters"))
    with pytest.raises(firewall.Cut, match=r"vrrp-sane failed on fw1 \(two masters\)"):
        action._prove(host, [], "x1", {"confirm_command": ["vrrp-sane"]}, soon())


def test_the_failure_says_that_the_former_rules_were_seen(action):
    host = Script("fw1", (False, "timed out"), (True, "undone x1"))
    words = action._wait_for_undo(host, "x1", "no new connection to db1", soon(0), 0)
    assert "no new connection to db1" in words
    assert "a new connection saw the former rules back" in words


def test_the_failure_says_when_they_were_not(action):
    words = action._wait_for_undo(Script("fw1", (False, "timed out")), "x1", "cut", soon(0), 0)
    assert "go to the console of fw1" in words


def test_a_host_that_started_again_is_told_apart(action):
    host = Script("fw1", (False, "timed out"), (True, "loaded boot"))
    words = action._wait_for_undo(host, "x1", "no new connection to fw1", soon(0), 0)
    assert "started again" in words
