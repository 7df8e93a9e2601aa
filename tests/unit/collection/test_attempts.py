"""A task whose connection breaks after the host has done its work: nothing of it is lost for the run."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from ansible_collections.shoko.core.plugins.action import certificates
from ansible_collections.shoko.core.plugins.module_utils import attempts
from ansible_collections.shoko.core.plugins.module_utils.attempts import once
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.plugin_utils.asking import attempt

ROOT = Path(__file__).resolve().parents[3]
ANSIBLE = Path(sys.executable).with_name("ansible-playbook")
# What Ansible takes for ssh: it runs here what was meant for the host. The connection breaks the first time the module
# was run, and its answer with it.
BREAKING_SSH = """#!/bin/sh
for command; do :; done
case $command in ControlPersist) exit 0 ;; esac
answer=$(sh -c "$command"; echo "rc=$?")
case $answer in *'"changed"'*) if mkdir "$0.broken"; then exit 255; fi ;; esac 2>/dev/null
printf '%s\\n' "${answer%rc=*}"
exit "${answer##*rc=}"
"""


class Host:
    """Work that is counted, at a host whose state is a directory."""

    def __init__(self, module, state: Path) -> None:
        self.module, self.state, self.times = module, str(state), 0

    def ask(self, name: str | None, *, changed: bool = True, check: bool = False) -> dict:
        def work() -> dict:
            self.times += 1
            return {"changed": changed, "files": [self.times]}

        return once(self.module({"attempt": name}, check_mode=check), work, self.state)


@pytest.fixture
def host(module, tmp_path):
    return Host(module, tmp_path / "state")


def test_the_same_attempt_is_carried_out_once_and_answered_twice(host):
    first = host.ask("a")
    assert first == {"changed": True, "files": [1]}
    assert host.ask("a") == first | {"sent_twice": True}
    assert host.times == 1


def test_another_attempt_is_carried_out(host):
    host.ask("a")
    assert host.ask("b")["files"] == [2]
    assert host.ask("a")["files"] == [3], "the answer to the last one is kept, not a history"


def test_a_prediction_and_a_task_without_a_name_leave_nothing_behind(host, tmp_path):
    host.ask("a", check=True)
    host.ask(None)
    assert not (tmp_path / "state").exists()
    assert host.times == 2


def test_what_changed_nothing_is_not_kept(host, tmp_path):
    host.ask("a", changed=False)
    assert not (tmp_path / "state/attempts/answer.json").exists()


def test_what_is_kept_and_the_lock_are_for_root_alone(host, tmp_path):
    """Whoever may read a file may lock it, and keep every run from this host."""
    host.ask("a")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "state").rglob("*")}
    assert modes == {"attempts": 0o700, "answer.json": 0o600, "lock": 0o600}


def test_a_difference_is_shown_and_not_kept(module, tmp_path):
    def work():
        return {"changed": True, "diff": [{"before": "old words", "after": "new words"}]}

    assert "diff" in once(module({"attempt": "a"}), work, str(tmp_path))
    assert "words" not in (tmp_path / "attempts/answer.json").read_text()


def test_an_answer_that_cannot_be_kept_is_still_given(host, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(attempts, "write_json", full)
    assert host.ask("a") == {"changed": True, "files": [1]}


def test_work_that_failed_is_tried_again(module, tmp_path):
    def fails():
        raise HostError("no space left")

    with pytest.raises(HostError):
        once(module({"attempt": "a"}), fails, str(tmp_path))
    assert once(module({"attempt": "a"}), lambda: {"changed": True}, str(tmp_path)) == {"changed": True}


@pytest.mark.parametrize(
    "damage", ['{"attempt": "a"', "[]", "null", '{"attempt": "a"}', '{"attempt": "a", "answer": 1}']
)
def test_a_damaged_answer_answers_nothing(host, tmp_path, damage):
    host.ask("a")
    (tmp_path / "state/attempts/answer.json").write_text(damage)
    assert host.ask("a")["files"] == [2]


def test_who_comes_again_while_the_first_is_at_work_waits_for_its_answer(module, tmp_path):
    begun, go_on, answers = threading.Event(), threading.Event(), []

    def work():
        begun.set()
        assert go_on.wait(120)
        return {"changed": True, "by": "the first"}

    def ask(what):
        answers.append(once(module({"attempt": "a"}), what, str(tmp_path)))

    first = threading.Thread(target=ask, args=(work,))
    first.start()
    assert begun.wait(120)
    second = threading.Thread(target=ask, args=(lambda: {"changed": False, "by": "the second"},))
    second.start()
    second.join(0.3)
    assert second.is_alive()
    go_on.set()
    first.join(120)
    second.join(120)
    assert [answer["by"] for answer in answers] == ["the first"] * 2


def test_who_waits_too_long_for_another_is_told_for_whom(module, tmp_path, monkeypatch):
    monkeypatch.setattr(attempts, "_PATIENCE", 0.2)
    told = rf"another task \(process {os.getpid()}\) has been at work on this host"
    with pytest.raises(HostError, match=told):
        once(module({"attempt": "a"}), lambda: once(module({"attempt": "b"}), dict, str(tmp_path)), str(tmp_path))


def test_its_own_work_is_waited_for_however_long_it_takes(module, tmp_path, monkeypatch):
    monkeypatch.setattr(attempts, "_PATIENCE", 0.0)
    answers = []

    def ask():
        answers.append(once(module({"attempt": "a"}), dict, str(tmp_path)))

    def work():
        again.start()
        again.join(0.5)
        assert again.is_alive()
        return {"changed": True}

    again = threading.Thread(target=ask)
    once(module({"attempt": "a"}), work, str(tmp_path))
    again.join(120)
    assert answers == [{"changed": True, "sent_twice": True}]


def test_no_two_attempts_have_one_name():
    assert len({attempt()["attempt"] for _ in range(100)}) == 100


@pytest.mark.skipif(os.geteuid() != 0, reason="owners are set, which only root may")
@pytest.mark.parametrize("breaks", [True, False])
def test_a_connection_that_breaks_costs_neither_the_record_nor_the_handler(tmp_path, breaks):
    ssh, page = tmp_path / "ssh", tmp_path / "page.json"
    ssh.write_text(BREAKING_SSH)
    ssh.chmod(0o755)
    if not breaks:
        (tmp_path / "ssh.broken").mkdir()
    wanted = {"part": "r", "files": [{"path": f"{tmp_path}/tree", "directory": True}], "state_dir": f"{tmp_path}/state"}
    plays = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [{"name": "Keep", "shoko.core.files": wanted, "notify": "Said"}],
            "handlers": [{"name": "Said", "ansible.builtin.debug": {"msg": "the handler was told"}}],
        }
    ]
    (tmp_path / "site.yml").write_text(yaml.safe_dump(plays))
    (tmp_path / "ansible.cfg").write_text(
        "[defaults]\ncallbacks_enabled = shoko.core.plan\n[ssh_connection]\nretries = 2\npipelining = True\n"
    )
    done = subprocess.run(
        [str(ANSIBLE), "-vvv", "-i", "a,", "-e", f"ansible_ssh_executable={ssh}", "site.yml"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT), "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
             "ANSIBLE_CONFIG": f"{tmp_path}/ansible.cfg", "ANSIBLE_NOCOLOR": "1", "SHOKO_PLAN_FILE": str(page)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("ssh_retry: attempt: 1" in done.stdout) is breaks, done.stdout
    told = json.loads(page.read_text())
    assert told["files"] == {"a": {f"{tmp_path}/tree": "create"}}
    assert told["sent_twice"] == ({"a": ["Keep"]} if breaks else {})
    assert "the handler was told" in done.stdout


@pytest.mark.parametrize("broken", [0, 1])
def test_certificates_come_through_when_either_connection_breaks(monkeypatch, broken):
    """What the first of two calls did is joined to the second; an answer that is given again has no differences."""
    answers = [
        {"changed": True, "files": [], "requests": {"web": "csr"}, "due": {}, "diff": []},
        {"changed": True, "files": [{"path": "/x", "change": "create"}], "requests": {}, "due": {}, "diff": [{}]},
    ]
    del answers[broken]["diff"]
    answers[broken]["sent_twice"] = True
    action = object.__new__(certificates.ActionModule)
    monkeypatch.setattr(action, "_execute_module", lambda **_: answers.pop(0), raising=False)
    for name, value in (("open_authority", object()), ("issue", "chain"), ("_wanted", None), ("_order", {})):
        monkeypatch.setattr(certificates, name, lambda *_, value=value, **__: value)
    for name in ("_anchors", "_signed"):
        monkeypatch.setattr(certificates, name, lambda *_: {})
    args = {"ca_dir": "/x", "site": "s", "certificates": [{"name": "web"}], "consumers": {}}
    done = action._converge(args | {"renew_after": 0.3, "life_days": 30}, {})
    assert (done["changed"], done["sent_twice"]) == (True, True)
    assert done["files"] == [{"path": "/x", "change": "create"}]
