"""`settled`: one look a run stands for asking each task again, and only while nothing differs."""

import json
import os
from types import SimpleNamespace

import pytest

from ansible_collections.shoko.core.plugins.module_utils.marks import Marks
from ansible_collections.shoko.core.plugins.module_utils.settled import Settled
from ansible_collections.shoko.core.plugins.plugin_utils import asking

from .test_part import host  # noqa: F401 - a host with dpkg, apt and systemctl played
from .test_units import LOADED

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners are set, which only root may")


@pytest.fixture
def settled(host, tmp_path):  # noqa: F811
    """Return a function that tells what stands on a host whose part `entry` was just brought about."""
    host("one\n")
    Marks(str(tmp_path / "state")).clear("nginx")  # as its handler does
    return Settled(str(tmp_path / "state")).standing


def test_a_part_that_ended_well_stands(settled):
    assert settled() == ["asked"]


@pytest.mark.parametrize("differs", ["content", "mode", "gone", "manifest", "package", "stopped", "disabled", "stale"])
def test_it_stands_no_longer_when_anything_differs(settled, tmp_path, differs):
    file, unit = tmp_path / "tree/nginx.conf", tmp_path / "units/nginx.service"
    running = json.loads(unit.read_text())
    match differs:
        case "content":
            file.write_text("two\n")
        case "mode":
            file.chmod(0o666)
        case "gone":
            file.unlink()
        case "manifest":
            (tmp_path / "state/files/entry.json").unlink()
        case "package":
            (tmp_path / "db/nginx").write_text("config-files")
        case "stopped":
            unit.write_text(json.dumps(running | {"ActiveState": "failed"}))
        case "disabled":
            unit.write_text(json.dumps(running | {"UnitFileState": "disabled"}))
        case "stale":
            unit.write_text(json.dumps(running | {"NeedDaemonReload": "yes"}))
    assert settled() == []


def test_an_owed_restart_is_not_forgotten(settled, tmp_path):
    Marks(str(tmp_path / "state")).set("entry", {"restart": ["nginx"], "reload": []})
    assert settled() == []


def test_a_damaged_note_stands_for_nothing_and_is_written_anew(settled, host, tmp_path):  # noqa: F811
    note = tmp_path / "state/settled/part-entry.json"
    note.write_text('{"request": "asked"')
    assert settled() == []
    host("one\n")
    assert settled() == ["asked"]


def test_a_prediction_leaves_no_note(host, tmp_path):  # noqa: F811
    host("one\n", check=True)
    assert not (tmp_path / "state/settled").exists()


def test_a_unit_that_its_condition_keeps_from_running_is_asked_each_time(host, tmp_path):  # noqa: F811
    unit = {**LOADED, "ActiveState": "inactive", "condition": True}
    (tmp_path / "units/nginx.service").write_text(json.dumps(unit))
    host("one\n", condition_ok=True)
    assert host.result["conditions"], "the unit was skipped by systemd"
    assert Settled(str(tmp_path / "state")).standing() == []


class Asking(asking.AskingAction):
    """The action with a host that is only counted."""

    MODULE = "part"
    NOTHING = {"files": []}  # noqa: RUF012

    def __init__(self, answer: dict, *, check: bool = False) -> None:
        self.sent: list[dict] = []
        self._answer, self._task = answer, SimpleNamespace(check_mode=check)

    def _execute_module(self, module_name, module_args, task_vars):
        self.sent.append(module_args)
        return dict(self._answer)


def facts(*digests):
    return {"ansible_facts": {asking.FACT: list(digests)}}


def test_a_task_that_stands_is_not_sent():
    action, args = Asking({"changed": False}), {"part": "time", "payload": "x"}
    assert action.ask(args, facts(asking.request("part", args))) == {"changed": False, "settled": True, "files": []}
    assert action.sent == []


def test_another_request_another_module_and_a_host_that_was_not_looked_at_are_sent():
    args = {"part": "time", "payload": "x"}
    digest = asking.request("part", args)
    for seen, asked in (
        (facts(digest), args | {"payload": "y"}),
        (facts(asking.request("files", args)), args),
        ({}, args),
    ):
        action = Asking({"changed": False})
        assert "settled" not in action.ask(asked, seen)
        assert len(action.sent) == 1


def test_other_code_on_the_controller_makes_an_old_note_worthless(monkeypatch):
    args = {"part": "time"}
    before = asking.request("part", args)
    monkeypatch.setattr(asking, "code", lambda: "of another release")
    assert asking.request("part", args) != before


def test_after_a_change_every_task_is_sent_but_not_after_a_predicted_one():
    assert Asking({"changed": True}).ask({"part": "time"}, {})["ansible_facts"] == {asking.FACT: []}
    assert "ansible_facts" not in Asking({"changed": True}, check=True).ask({"part": "time"}, {})
    assert "ansible_facts" not in Asking({"changed": False}).ask({"part": "time"}, {})


def test_a_task_without_a_part_is_sent_without_a_request():
    action = Asking({"changed": False})
    action.ask({"units": []}, facts(asking.request("part", {"units": []})))
    assert [set(sent) for sent in action.sent] == [{"units", "attempt"}]
