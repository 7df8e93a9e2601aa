"""`units` with a systemctl played by a script whose units are JSON files."""

import json
import sys

import pytest

from ansible_collections.shoko.core.plugins.module_utils import commands, systemd, unit_work
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.marks import Marks
from ansible_collections.shoko.core.plugins.module_utils.task import Task

SYSTEMCTL = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path
home = Path(os.environ["FAKE"])
verb, names = sys.argv[1], [word for word in sys.argv[2:] if not word.startswith("-")]
with (home / "calls").open("a") as calls:
    calls.write(" ".join([verb, *names]) + "\\n")
def load(name):
    path = home / "units" / name
    return json.loads(path.read_text()) if path.exists() else {{"LoadState": "not-found", "ActiveState": "inactive"}}
def save(name, **more):
    (home / "units" / name).write_text(json.dumps({{**load(name), **more}}))
if verb == "show":
    print("\\n\\n".join("\\n".join(f"{{k}}={{v}}" for k, v in load(name).items() if k[0].isupper()) for name in names))
elif verb == "daemon-reload":
    for path in (home / "units").iterdir():
        save(path.name, NeedDaemonReload="no")
elif verb == "status":
    print("     Condition: start condition unmet\\n             └─ ConditionCapability=CAP_SYS_TIME was not met")
for name in names:
    unit = load(name)
    if verb in ("start", "restart", "reload"):
        if unit.get("condition"):
            save(name, ConditionResult="no", ConditionTimestampMonotonic="5")
        elif unit.get("broken"):
            save(name, ActiveState="failed", SubState="failed")
            sys.exit("Job for " + name + " failed.")
        elif unit.get("Type") == "oneshot" and unit.get("RemainAfterExit") == "no":
            save(name, Result="success", ExecMainExitTimestampMonotonic="7", ConditionResult="yes")
        else:
            save(name, ActiveState="active", SubState="running", ConditionResult="yes")
    elif verb == "stop":
        save(name, ActiveState="inactive")
    elif verb in ("enable", "disable") and not unit.get("stubborn"):
        save(name, UnitFileState=verb + "d")
    elif verb == "mask":
        save(name, LoadState="masked", UnitFileState="masked")
    elif verb == "unmask":
        save(name, LoadState="loaded", UnitFileState="disabled")
"""
JOURNALCTL = "#!/bin/sh\necho 'nginx: [emerg] bind() to 0.0.0.0:80 failed'\n"
LOADED = {"LoadState": "loaded", "UnitFileState": "enabled", "ActiveState": "active", "Type": "simple",
          "RemainAfterExit": "no", "CanReload": "yes", "NeedDaemonReload": "no"}  # fmt: skip


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Return a function that runs the module; ``system.unit(name, …)`` makes a unit."""
    for name, text in (("systemctl", SYSTEMCTL), ("journalctl", JOURNALCTL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "units").mkdir()
    monkeypatch.setenv("FAKE", str(tmp_path))
    monkeypatch.setattr(commands, "PATH", f"{tmp_path}:{commands.PATH}")
    monkeypatch.setattr(systemd, "_SETTLE", 0)

    def worker(check=False, test=()):
        return unit_work.Worker(
            Task({"timeout": 5, "test": list(test), "state_dir": str(tmp_path / "state")}, check, False)
        )

    def run(*wanted, check=False):
        one = worker(check)
        defaults = {"enabled": None, "state": None, "masked": None, "condition_ok": False}
        try:
            one.settle([{**defaults, **item} for item in wanted])
        finally:
            run.conditions = one.conditions
        return one.actions

    def due(*, restart=(), reload=(), check=False, test=()):
        one = worker(check, test)
        try:
            one.catch_up({"restart": list(restart), "reload": list(reload)})
        finally:
            run.done = one.actions
        return one.actions

    def unit(name, **properties):
        (tmp_path / "units" / name).write_text(json.dumps({**LOADED, **properties}))

    run.due, run.unit, run.marks = due, unit, Marks(str(tmp_path / "state"))
    run.calls = lambda: (tmp_path / "calls").read_text().split("\n")[:-1]
    return run


NGINX = {"name": "nginx", "enabled": True, "state": "started"}


def test_no_change_is_one_look_for_all(system):
    system.unit("nginx.service")
    system.unit("x.timer")
    assert system(NGINX, {"name": "x.timer", "enabled": True, "state": "started"}) == []
    assert system.calls() == ["show nginx.service x.timer"]


def test_a_fresh_unit_is_enabled_and_started_and_its_mark_is_settled(system):
    system.unit("nginx.service", UnitFileState="disabled", ActiveState="inactive")
    system.marks.set("web", {"restart": ["nginx"], "reload": []})
    assert system(NGINX) == ["enable nginx.service", "start nginx.service"]
    assert system.marks.verb("nginx") is None
    assert system(NGINX) == []


def test_check_mode_predicts_units_that_are_not_there_yet(system):
    assert system(NGINX, check=True) == ["enable nginx.service", "start nginx.service"]
    assert system.calls() == ["show nginx.service"]


def test_a_missing_unit_is_an_error_unless_that_is_fine(system):
    with pytest.raises(HostError, match=r"nginx.service: no such unit"):
        system(NGINX)
    assert system({"name": "apache2", "state": "absent-ok", "enabled": False}) == []


def test_unmet_conditions_are_told_and_never_a_change(system):
    system.unit("chrony.service", ActiveState="inactive", condition=True)
    wanted = {"name": "chrony", "enabled": True, "state": "started"}
    with pytest.raises(HostError, match="ConditionCapability=CAP_SYS_TIME is not met"):
        system(wanted)
    for _ in range(2):
        assert system({**wanted, "condition_ok": True}) == []
        assert system.conditions == {"chrony.service": "ConditionCapability=CAP_SYS_TIME"}
    assert system({**wanted, "condition_ok": True}, check=True) == []


def test_a_job_that_ran_counts_as_started(system):
    system.unit(
        "job.service", ActiveState="inactive", Type="oneshot", Result="success", ExecMainExitTimestampMonotonic="0"
    )
    job = {"name": "job", "state": "started"}
    assert system(job) == ["start job.service"]
    assert system(job) == []


def test_changed_unit_files_are_read_once_before_anything(system):
    system.unit("a.service", NeedDaemonReload="yes", ActiveState="inactive")
    system.unit("b.service", NeedDaemonReload="yes")
    system({"name": "a", "state": "started"}, {"name": "b", "state": "started"})
    assert system.calls().count("daemon-reload") == 1
    assert system.calls().index("daemon-reload") < system.calls().index("start a.service")


def test_stop_disable_mask(system):
    system.unit("old.service")
    old = {"name": "old", "state": "absent-ok", "enabled": False, "masked": True}
    assert system(old) == ["disable old.service", "stop old.service", "mask old.service"]
    assert system(old) == []
    with pytest.raises(HostError, match="is masked"):
        system({"name": "old", "state": "started"})
    assert system({"name": "old", "masked": False, "state": "started"})[0] == "unmask old.service"


def test_a_unit_that_will_not_be_enabled_is_an_error_not_a_change_for_ever(system):
    system.unit("nginx.service", UnitFileState="disabled", stubborn=True)
    with pytest.raises(HostError, match="cannot be enabled, it stays disabled"):
        system(NGINX)


def test_a_failed_start_shows_the_journal(system):
    system.unit("nginx.service", ActiveState="inactive", broken=True)
    with pytest.raises(HostError, match=r"start failed, it is failed .*journal: nginx: \[emerg\] bind"):
        system(NGINX)


class TestDue:
    """What changed files owe to units."""

    def test_only_what_is_still_marked_is_done_and_the_mark_goes(self, system):
        system.unit("nginx.service")
        system.marks.set("web", {"restart": ["nginx"], "reload": []})
        assert system.due(restart=["nginx"]) == ["restart nginx.service"]
        assert system.marks.due("web") == {"restart": [], "reload": []}
        assert system.due(restart=["nginx"]) == []

    def test_the_stronger_verb_of_all_parts_counts(self, system):
        system.unit("nginx.service")
        system.marks.set("web", {"restart": [], "reload": ["nginx"]})
        system.marks.set("tls", {"restart": ["nginx"], "reload": []})
        assert system.due(reload=["nginx"]) == ["restart nginx.service"]

    def test_reload_becomes_restart_where_a_unit_cannot_reload(self, system):
        system.unit("squid.service", CanReload="no")
        system.marks.set("px", {"restart": [], "reload": ["squid"]})
        assert system.due(reload=["squid"]) == ["restart squid.service"]

    def test_a_failed_test_restarts_nothing_and_keeps_the_mark(self, system):
        system.unit("nginx.service")
        system.marks.set("web", {"restart": ["nginx"], "reload": []})
        with pytest.raises(HostError, match="the old configuration goes on"):
            system.due(restart=["nginx"], test=[["sh", "-c", "echo bad >&2; exit 1"]])
        assert system.marks.verb("nginx") == "restart"
        assert system.done == []

    def test_a_failed_restart_keeps_its_mark_and_the_others_are_done(self, system):
        system.unit("bad.service", broken=True)
        system.unit("good.service")
        system.marks.set("web", {"restart": ["bad", "good"], "reload": []})
        with pytest.raises(HostError, match=r"bad.service: restart failed"):
            system.due(restart=["bad", "good"])
        assert system.done == ["restart good.service"]
        assert system.marks.due("web")["restart"] == ["bad"]

    def test_a_unit_that_does_not_run_is_not_started_but_a_failed_one_is(self, system):
        system.unit("idle.service", ActiveState="inactive")
        system.unit("fell.service", ActiveState="failed")
        system.marks.set("web", {"restart": ["idle", "fell", "gone"], "reload": []})
        assert system.due(restart=["idle", "fell", "gone"]) == ["restart fell.service"]
        assert system.marks.due("web")["restart"] == []

    def test_a_job_is_run_again(self, system):
        system.unit("job.service", ActiveState="inactive", Type="oneshot", ExecMainExitTimestampMonotonic="7")
        system.marks.set("net", {"restart": ["job"], "reload": []})
        assert system.due(restart=["job"]) == ["restart job.service"]

    def test_check_mode_names_them_and_does_nothing(self, system):
        assert system.due(restart=["nginx"], reload=["ssh"], check=True) == [
            "restart nginx.service",
            "reload ssh.service",
        ]
