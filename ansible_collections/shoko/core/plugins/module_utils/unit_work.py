"""Desired state of systemd units: how ``units`` and ``part`` bring it about."""

from __future__ import annotations

from ansible_collections.shoko.core.plugins.module_utils import systemd
from ansible_collections.shoko.core.plugins.module_utils.commands import must, run
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.marks import Marks, canonical
from ansible_collections.shoko.core.plugins.module_utils.preview import find_program
from ansible_collections.shoko.core.plugins.module_utils.task import Task

UNIT: dict = {
    "name": {"type": "str", "required": True},
    "enabled": {"type": "bool"},
    "state": {"type": "str", "choices": ["started", "stopped", "absent-ok"]},
    "masked": {"type": "bool"},
    "condition_ok": {"type": "bool", "default": False},
}
OPTIONS: dict = {
    "units": {"type": "list", "elements": "dict", "default": [], "options": UNIT},
    "timeout": {"type": "int", "default": 60},
}


class Worker:
    """Carries out one task and collects what it did."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.check = task.check
        self.params = task.params
        self.marks = Marks(task.params["state_dir"])
        self.actions: list[str] = []
        self.conditions: dict[str, str] = {}

    def reload_if_stale(self, units: dict[str, systemd.Unit]) -> dict[str, systemd.Unit]:
        """Let systemd read changed unit files, once; return the units as they are then."""
        if self.check or not any(unit.stale for unit in units.values()):
            return units
        systemd.daemon_reload()
        return systemd.show(list(units))

    def _do(self, verb: str, name: str) -> None:
        """Note an action, and carry it out unless this is check mode."""
        self.actions.append(f"{verb} {name}")
        if not self.check:
            must(["systemctl", verb, "--", name], timeout=self.params["timeout"] + 30)

    def result(self) -> dict:
        """Return what was or would be done so far."""
        done: dict = {"changed": bool(self.actions), "actions": self.actions, "conditions": self.conditions}
        if self.task.diff and self.actions:
            done["diff"] = {"prepared": "".join(f"{action}\n" for action in self.actions)}
        return done

    # --- desired state ---

    def settle(self, wanted: list[dict]) -> None:
        """Bring all listed units into their states, in the order of the list."""
        units = self.reload_if_stale(systemd.show([item["name"] for item in wanted]))
        for item in wanted:
            name = canonical(item["name"])
            unit = units[name]
            if item["masked"] is False and unit.masked:
                self._do("unmask", name)
                unit = unit if self.check else systemd.one(name)
            if not unit.present and not self.check and item["masked"] is not True and not self._may_be_absent(item):
                raise HostError(f"{name}: no such unit on this host; is its package installed?")
            self._enablement(item, unit)
            self._activity(item, unit)
            if item["masked"] and not unit.masked:
                self._do("mask", name)

    @staticmethod
    def _may_be_absent(item: dict) -> bool:
        return item["state"] == "absent-ok" or (item["state"] is None and not item["enabled"])

    def _enablement(self, item: dict, unit: systemd.Unit) -> None:
        if item["enabled"] is True and not unit.enabled:
            self._do("enable", unit.name)
            if not self.check and not systemd.one(unit.name).enabled:
                raise HostError(f"{unit.name}: cannot be enabled, it stays {systemd.one(unit.name)['UnitFileState']}")
        elif item["enabled"] is False and unit.can_disable:
            self._do("disable", unit.name)

    def _activity(self, item: dict, unit: systemd.Unit) -> None:
        if item["state"] == "started" and not unit.up:
            self._start(item, unit)
        elif item["state"] in ("stopped", "absent-ok") and unit["ActiveState"] not in ("inactive", "failed", ""):
            self._do("stop", unit.name)

    def _start(self, item: dict, unit: systemd.Unit) -> None:
        if unit.masked and item["masked"] is not False:
            raise HostError(f"{unit.name}: is masked and cannot be started; give masked: false")
        if self.check:
            if unit.condition_failed:
                self.conditions[unit.name] = systemd.condition(unit.name)
            else:
                self.actions.append(f"start {unit.name}")
            return
        after = systemd.act("start", unit.name, self.params["timeout"])
        if after.up:
            self.actions.append(f"start {unit.name}")
            self.marks.clear(unit.name)  # it has just read its new files
            return
        self.conditions[unit.name] = systemd.condition(unit.name)
        if not item["condition_ok"]:
            raise HostError(
                f"{unit.name}: does not start, {self.conditions[unit.name]} is not met on this host; "
                "give condition_ok: true where that is expected"
            )

    # --- what is due ---

    def catch_up(self, due: dict) -> None:
        """Restart and reload what is still marked; all units are tried before a failure is reported."""
        named = list(dict.fromkeys(canonical(name) for name in [*due["restart"], *due["reload"]]))
        if self.check:
            restart = {canonical(name) for name in due["restart"]}
            self.actions += [f"{'restart' if name in restart else 'reload'} {name}" for name in named]
            return
        verbs = {name: verb for name in named if (verb := self.marks.verb(name))}
        if not verbs:
            return
        self._test()
        units = self.reload_if_stale(systemd.show(list(verbs)))
        problems = []
        for name, verb in verbs.items():
            try:
                self._renew(units[name], verb)
            except HostError as error:
                problems.append(str(error))
            else:
                self.marks.clear(name)
        if problems:
            raise HostError("; ".join(problems))

    def _test(self) -> None:
        for command in self.params["test"]:
            if find_program(command) is None:
                raise HostError(f"{command[0]}: not installed, the configuration cannot be tested; nothing restarted")
            done = run(command, timeout=120)
            if done.rc != 0:
                raise HostError(f"{' '.join(command)}: {done.tail()}; nothing restarted, the old configuration goes on")

    def _renew(self, unit: systemd.Unit, verb: str) -> None:
        """Restart or reload one unit; one that does not run is left alone unless it failed or is a job."""
        if not unit.present or unit.masked:
            return
        state = unit["ActiveState"]
        if state == "inactive" and not unit.passing:
            return
        if verb == "reload" and (state != "active" or unit["CanReload"] != "yes"):
            verb = "restart"
        systemd.act(verb, unit.name, self.params["timeout"])
        self.actions.append(f"{verb} {unit.name}")


def settle(task: Task) -> dict:
    """Carry out a task with the options of ``part``: units into their states; return the result."""
    worker = Worker(task)
    worker.settle(task.params["units"])
    return worker.result()
