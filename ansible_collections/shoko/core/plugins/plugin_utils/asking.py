"""Send a task to its host, unless the host said that it would find nothing to do (``shoko.core.settled``)."""

from __future__ import annotations

import functools
import hashlib
import json
import uuid
from pathlib import Path
from typing import ClassVar

from ansible.plugins.action import ActionBase

FACT = "shoko_settled"


@functools.cache
def code() -> str:
    """Return the digest of what runs on hosts: with other code, an old answer says nothing."""
    folder = Path(__file__).resolve().parent.parent
    sources = sorted([*folder.glob("module_utils/*.py"), *folder.glob("modules/*.py")])
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()


def request(module: str, args: dict) -> str:
    """Return the digest of a whole request, code included: SHA-256, hexadecimal."""
    return hashlib.sha256(json.dumps([module, code(), args], sort_keys=True).encode()).hexdigest()


def attempt() -> dict[str, str]:
    """Return the option that names one attempt at a task, which the host carries out once (``attempts.once``)."""
    return {"attempt": uuid.uuid4().hex}


class AttemptAction(ActionBase):
    """An action that names the attempt, and forwards."""

    TRANSFERS_FILES = False
    MODULE = ""

    def run(self, tmp=None, task_vars=None):
        """Run the task."""
        result = super().run(tmp, task_vars)
        del tmp
        asked = self._task.args | attempt()
        name = f"shoko.core.{self.MODULE}"
        return result | self._execute_module(module_name=name, module_args=asked, task_vars=task_vars or {})


class AskingAction(ActionBase):
    """An action that a host can answer before it is asked."""

    TRANSFERS_FILES = False
    MODULE = ""
    NOTHING: ClassVar[dict] = {}  # what the module returns when there is nothing to do

    def run(self, tmp=None, task_vars=None):
        """Run the task."""
        result = super().run(tmp, task_vars)
        del tmp
        task_vars = task_vars or {}
        result.update(self.ask(self.arguments(task_vars), task_vars))
        return result

    def arguments(self, task_vars: dict) -> dict:
        """Return what the module is given: the task's own words, unless a subclass makes more of them."""
        del task_vars
        return dict(self._task.args)

    def ask(self, args: dict, task_vars: dict) -> dict:
        """Return the module's result. A task that names no part leaves no note and is always sent."""
        name = f"shoko.core.{self.MODULE}"
        if "part" not in args:
            return self._execute_module(module_name=name, module_args=args | attempt(), task_vars=task_vars)
        digest = request(self.MODULE, args)
        if digest in task_vars.get("ansible_facts", {}).get(FACT, []):
            return {"changed": False, "settled": True, **self.NOTHING}
        asked = args | {"request": digest} | attempt()
        result = self._execute_module(module_name=name, module_args=asked, task_vars=task_vars)
        if result.get("changed") and not self._task.check_mode:
            # What changed may be what another note speaks of: from here on every task is sent.
            result["ansible_facts"] = {FACT: []}
        return result
