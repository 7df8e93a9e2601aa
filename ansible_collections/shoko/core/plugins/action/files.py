"""The controller's half of ``shoko.core.files``: render everything here, send it in one piece."""

from __future__ import annotations

from typing import ClassVar

from ansible.errors import AnsibleActionFail

from ansible_collections.shoko.core.plugins.module_utils.entries import (
    Entry,
    kind_of_value,
    make_entry,
    refuse_conflicts,
    source_of,
)
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.payload import pack
from ansible_collections.shoko.core.plugins.plugin_utils.asking import AskingAction
from ansible_collections.shoko.core.plugins.plugin_utils.rendering import find, render


class ActionModule(AskingAction):
    """Renders and forwards; decides nothing about the host."""

    MODULE = "files"
    NOTHING: ClassVar = {"files": [], "due": {"restart": [], "reload": []}, "not_validated": []}
    OPTIONS = frozenset({"part", "files", "validate", "state_dir"})

    def arguments(self, task_vars):
        """Return the task's words with the rendered files in their place."""
        args = self._task.args
        unknown = sorted(set(args) - self.OPTIONS)
        if unknown:
            raise AnsibleActionFail(
                f"{self.MODULE}: unknown option {', '.join(unknown)} (allowed: {', '.join(sorted(self.OPTIONS))})"
            )
        if not isinstance(args.get("files"), list):
            raise AnsibleActionFail(f"{self.MODULE}: files must be a list of mappings")
        try:
            entries = [self._entry(raw, index, task_vars) for index, raw in enumerate(args["files"])]
            refuse_conflicts(entries)
        except HostError as error:
            raise AnsibleActionFail(str(error)) from error
        return {key: value for key, value in args.items() if key != "files"} | {"payload": pack(entries)}

    def _entry(self, raw: dict, index: int, task_vars: dict) -> Entry:
        source = source_of(raw, index)
        data = b""
        if source == "content":
            if not isinstance(raw["content"], str):
                raise HostError(
                    f"{raw['path']}: content: is {kind_of_value(raw['content'])}, must be text; use a filter"
                )
            data = raw["content"].encode()
        elif source == "source":
            with open(find(self, "files", raw["source"], raw["path"]), "rb") as stream:
                data = stream.read()
        elif source == "template":
            data = render(self, raw["template"], raw["path"], raw.get("vars"), task_vars).encode()
        return make_entry(raw, source, data)
