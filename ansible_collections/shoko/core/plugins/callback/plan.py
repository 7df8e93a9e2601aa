"""One page at the end of a run: which files change on which host, and what restarts."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: plan
type: aggregate
short_description: Summarise what a run changes, per host
description:
  - Collects the file changes, packages, units and restarts that the modules of this collection report and prints
    them as one page, in check mode as a plan and otherwise as a record.
  - This page is what a council approves, and what an operator reads before answering yes.
options:
  output:
    description: File that also receives the plan, as JSON, for tests and evidence.
    type: path
    env:
      - name: SHOKO_PLAN_FILE
    ini:
      - section: callback_plan
        key: output
"""

VERBS = {"create": "new", "modify": "changed", "mode": "rights", "remove": "removed"}


class CallbackModule(CallbackBase):
    """Aggregates results of `shoko.core.*` tasks."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "shoko.core.plan"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, list[dict[str, str]]] = defaultdict(list)
        self.due: dict[str, set[str]] = defaultdict(set)
        self.packages: dict[str, set[str]] = defaultdict(set)
        self.firewalls: set[str] = set()

    def v2_runner_on_ok(self, result: Any) -> None:
        """Keep what a task of ours changed on a host."""
        host = result.host.get_name()
        task = result.task.action
        data = result.result
        if not task.startswith("shoko.core.") or not data.get("changed"):
            return
        if task == "shoko.core.files":
            self.files[host] += data.get("files", [])
            for verb, units in (data.get("due") or {}).items():
                self.due[host] |= {f"{verb} {unit}" for unit in units}
        elif task == "shoko.core.packages":
            self.packages[host] |= set(data.get("installed", []))
        elif task == "shoko.core.firewall":
            self.firewalls.add(host)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Print the page and write the machine's copy of it."""
        self._write()
        hosts = sorted({*self.files, *self.due, *self.packages, *self.firewalls})
        if not hosts:
            return
        self._display.banner("PLAN" if self._check_mode() else "CHANGED")
        for host in hosts:
            self._display.display(host)
            for change in sorted(self.files[host], key=lambda entry: entry["path"]):
                self._display.display(f"    {VERBS.get(change['change'], change['change']):<8} {change['path']}")
            if self.packages[host]:
                self._display.display(f"    install  {' '.join(sorted(self.packages[host]))}")
            if host in self.firewalls:
                self._display.display("    firewall ruleset")
            for entry in sorted(self.due[host]):
                self._display.display(f"    {entry}")

    @staticmethod
    def _check_mode() -> bool:
        from ansible import context  # noqa: PLC0415 - only known once the command line has been read

        return bool(context.CLIARGS.get("check"))

    def _write(self) -> None:
        target = self.get_option("output")
        if not target:
            return
        page = {host: sorted({entry["path"] for entry in entries}) for host, entries in self.files.items()}
        with open(target, "w", encoding="utf-8") as out:
            out.write(self._dump_results({"files": page}, indent=1, sort_keys=True))
