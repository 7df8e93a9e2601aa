"""Which packets a run changes, before it does; and one page at its end: packets, files, restarts."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from ansible.plugins.callback import CallbackBase

from ansible_collections.shoko.core.plugins.plugin_utils import packets

DOCUMENTATION = r"""
name: plan
type: aggregate
short_description: Summarise what a run changes
description:
  - Collects what the modules of this collection report (packets newly permitted and denied, files, packages, units
    due for a restart) and prints it as one page, in check mode as a plan and otherwise as a record.
  - Before the first change, what C(shoko.core.permits) found is printed as C(AHEAD), which packets the run will newly
    permit and deny.
  - This page is what a council approves, and what an operator reads before answering yes.
options:
  output:
    description: File that also receives the page, as JSON, for tests and evidence.
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
        self.files: dict[str, dict[str, str]] = defaultdict(dict)
        self.due: dict[str, set[str]] = defaultdict(set)
        self.packages: dict[str, set[str]] = defaultdict(set)
        self.firewalls: dict[str, list[str]] = {}
        self.packets: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self.sent_twice: dict[str, list[str]] = defaultdict(list)
        self.ahead: dict[str, dict[str, list[dict[str, Any]]]] = {}

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Print what is ahead: every host has answered by now, and none is changed yet."""
        del play
        self._tell_ahead()

    def v2_runner_on_ok(self, result: Any) -> None:
        """Keep what a task of ours changed on a host."""
        host = result.host.get_name()
        task = result.task.action
        data = result.result
        if task == "shoko.core.permits" and (data["permitted"] or data["denied"]):
            self.ahead[host] = {verb: data[verb] for verb in packets.VERBS}
        if not task.startswith("shoko.core.") or not data.get("changed"):
            return
        if data.get("sent_twice"):
            self.sent_twice[host].append(result.task.get_name())
        for one in data.get("files", []):
            # Two parts may both need a directory that is not there yet; in check mode both say so.
            self.files[host].setdefault(one["path"], one["change"])
        for verb, units in data.get("due", {}).items():
            self.due[host] |= {f"{verb} {unit}" for unit in units}
        if task in {"shoko.core.packages", "shoko.core.part"}:
            self.packages[host] |= set(data.get("installed", []))
        elif task == "shoko.core.firewall":
            self.firewalls[host] = data["reasons"]
            if data["permitted"] or data["denied"]:
                self.packets[host] = {verb: data[verb] for verb in packets.VERBS}

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Print the page and write the machine's copy of it."""
        self._tell_ahead()
        self._write()
        hosts = sorted({*self.files, *self.due, *self.packages, *self.firewalls, *self.sent_twice})
        if not hosts:
            return
        self._display.banner("PLAN" if self._check_mode() else "CHANGED")
        for line in packets.lines(self.packets):
            self._display.display(line)
        for host in hosts:
            self._display.display(host)
            for line in self._of_host(host):
                self._display.display(f"    {line}")

    def _tell_ahead(self) -> None:
        if self.ahead:
            self._display.banner("AHEAD")
            for line in packets.lines(self.ahead):
                self._display.display(line)
            self.ahead = {}

    def _of_host(self, host: str) -> list[str]:
        found = [f"{VERBS.get(change, change):<8} {path}" for path, change in sorted(self.files[host].items())]
        if self.packages[host]:
            found.append(f"install  {' '.join(sorted(self.packages[host]))}")
        if host in self.firewalls:
            found.append(f"firewall {'; '.join(self.firewalls[host])}")
        found += [f"sent twice, its connection broke: {task}" for task in self.sent_twice.get(host, [])]
        return found + sorted(self.due[host])

    @staticmethod
    def _check_mode() -> bool:
        from ansible import context  # noqa: PLC0415 - only known once the command line has been read

        return bool(context.CLIARGS.get("check"))

    def _write(self) -> None:
        target = self.get_option("output")
        if not target:
            return
        page = {
            "files": self.files,
            "due": {host: sorted(found) for host, found in self.due.items()},
            "packages": {host: sorted(found) for host, found in self.packages.items()},
            "firewalls": self.firewalls,
            "packets": self.packets,
            "sent_twice": self.sent_twice,
        }
        with open(target, "w", encoding="utf-8") as out:
            json.dump(page, out, indent=1, sort_keys=True, ensure_ascii=False)
