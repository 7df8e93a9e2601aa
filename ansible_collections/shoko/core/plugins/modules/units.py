#!/usr/bin/python
"""Desired state of several systemd units, and the restarts that changed files made due."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.shoko.core.plugins.module_utils import systemd
from ansible_collections.shoko.core.plugins.module_utils.commands import must, run
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError, one_line
from ansible_collections.shoko.core.plugins.module_utils.marks import Marks, canonical
from ansible_collections.shoko.core.plugins.module_utils.preview import find_program
from ansible_collections.shoko.core.plugins.module_utils.state import STATE_DIR

DOCUMENTATION = r"""
---
module: units
short_description: Keep systemd units as listed, and do the restarts that are due
version_added: "0.1.0"
author: The Shoko authors
description:
  - Handles all units of a role in one call; one C(systemctl show) when nothing differs.
  - Reads unit files again (daemon-reload) by itself when one of the units needs it.
  - A unit whose condition is not met (C(ConditionCapability=) …) is reported as such. It is a failure unless
    I(condition_ok) says that it is expected, and never a change on every run.
  - With I(due), restarts or reloads what M(shoko.core.files) marked, after the tests passed; waits until the unit is up
    and clears the mark only then. A unit that does not run is not started by it; it reads its files when it starts.
  - In check mode predicts, also for units that are not installed yet.
options:
  units:
    description: Units and how they must be.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Unit; without a suffix a service is meant.
        type: str
        required: true
      enabled:
        description: Starts at boot, or not.
        type: bool
      state:
        description:
          - V(started) and V(stopped) are what they say; the unit must exist.
          - V(absent-ok) means stopped if there is such a unit at all.
          - A oneshot job that does not remain counts as started when it ran to a good end since the boot.
        type: str
        choices: [started, stopped, absent-ok]
      masked:
        description: Cannot be started by anything, or can again.
        type: bool
      condition_ok:
        description: It is expected that an unmet condition keeps it from starting.
        type: bool
        default: false
  due:
    description: The C(due) of registered M(shoko.core.files) results.
    type: dict
    suboptions:
      restart:
        description: Units to restart if they are still marked.
        type: list
        elements: str
        default: []
      reload:
        description: Units to reload if they are still marked.
        type: list
        elements: str
        default: []
  test:
    description: Commands that must succeed before anything is restarted or reloaded.
    type: list
    elements: list
    default: []
  timeout:
    description: Seconds for a unit to come up.
    type: int
    default: 60
  state_dir:
    description: Where the marks lie.
    type: path
    default: /var/lib/shoko
attributes:
  check_mode:
    support: full
    description: Predicts each action.
  diff_mode:
    support: full
    description: Names each action.
"""

EXAMPLES = r"""
- name: Run nginx
  shoko.core.units:
    units:
      - {name: nginx, enabled: true, state: started}
      - {name: apache2, enabled: false, state: absent-ok}

- name: Apply entry changes
  shoko.core.units:
    due: "{{ entry_files.due }}"
    test: [[nginx, -t]]
"""

RETURN = r"""
actions:
  description: What was or would be done, in order.
  type: list
  elements: str
  returned: always
  sample: [enable nginx.service, start nginx.service]
conditions:
  description: Units that do not run because of an unmet condition, with the condition.
  type: dict
  returned: always
  sample: {chrony.service: ConditionCapability=CAP_SYS_TIME}
"""


class Worker:
    """Carries out one task and collects what it did."""

    def __init__(self, module: AnsibleModule) -> None:
        self.check = module.check_mode
        self.params = module.params
        self.marks = Marks(module.params["state_dir"])
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


def main() -> None:
    """Entry point of the module."""
    unit_spec = {
        "name": {"type": "str", "required": True},
        "enabled": {"type": "bool"},
        "state": {"type": "str", "choices": ["started", "stopped", "absent-ok"]},
        "masked": {"type": "bool"},
        "condition_ok": {"type": "bool", "default": False},
    }
    due_spec = {key: {"type": "list", "elements": "str", "default": []} for key in ("restart", "reload")}
    module = AnsibleModule(
        argument_spec={
            "units": {"type": "list", "elements": "dict", "default": [], "options": unit_spec},
            "due": {"type": "dict", "options": due_spec},
            "test": {"type": "list", "elements": "list", "default": []},
            "timeout": {"type": "int", "default": 60},
            "state_dir": {"type": "path", "default": STATE_DIR},
        },
        supports_check_mode=True,
    )
    worker = Worker(module)
    failure = ""
    try:
        worker.settle(module.params["units"])
        if module.params["due"]:
            worker.catch_up(module.params["due"])
    except (HostError, OSError) as error:
        failure = one_line(error)
    result = {"changed": bool(worker.actions), "actions": worker.actions, "conditions": worker.conditions}
    if module._diff and worker.actions:
        result["diff"] = {"prepared": "".join(f"{action}\n" for action in worker.actions)}
    if failure:
        module.fail_json(msg=failure, **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
