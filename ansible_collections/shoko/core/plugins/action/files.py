"""The controller's half of ``shoko.core.files``: render everything here, send it in one piece."""

from __future__ import annotations

import os

from ansible._internal._templating import _template_vars
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template

from ansible_collections.shoko.core.plugins.module_utils.entries import (
    Entry,
    make_entry,
    refuse_conflicts,
    source_of,
)
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.payload import pack

_OPTIONS = {"part", "files", "validate", "state_dir"}


class ActionModule(ActionBase):
    """Renders and forwards; decides nothing about the host."""

    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        """Run the task."""
        result = super().run(tmp, task_vars)
        del tmp
        args = self._task.args
        unknown = sorted(set(args) - _OPTIONS)
        if unknown:
            raise AnsibleActionFail(
                f"files: unknown option {', '.join(unknown)} (allowed: {', '.join(sorted(_OPTIONS))})"
            )
        if not isinstance(args.get("files"), list):
            raise AnsibleActionFail("files: must be a list of mappings")
        try:
            entries = [self._entry(raw, index, task_vars or {}) for index, raw in enumerate(args["files"])]
            refuse_conflicts(entries)
        except HostError as error:
            raise AnsibleActionFail(str(error)) from error
        module_args = {key: args[key] for key in ("part", "validate", "state_dir") if key in args}
        module_args["payload"] = pack(entries)
        result.update(
            self._execute_module(module_name="shoko.core.files", module_args=module_args, task_vars=task_vars)
        )
        return result

    def _entry(self, raw: dict, index: int, task_vars: dict) -> Entry:
        source = source_of(raw, index)
        data = b""
        if source == "content":
            if not isinstance(raw["content"], str):
                raise HostError(
                    f"{raw['path']}: content: is {type(raw['content']).__name__}, must be text; use a filter"
                )
            data = raw["content"].encode()
        elif source == "source":
            with open(self._find("files", raw["source"], raw["path"]), "rb") as stream:
                data = stream.read()
        elif source == "template":
            data = self._render(raw, task_vars)
        return make_entry(raw, source, data)

    def _find(self, folder: str, name: str, path: str) -> str:
        try:
            return self._find_needle(folder, name)
        except AnsibleError as error:
            raise HostError(f"{path}: {error}") from error

    def _render(self, raw: dict, task_vars: dict) -> bytes:
        """Render one template as ansible.builtin.template does: same search path, undefined is an error."""
        full = self._find("templates", raw["template"], raw["path"])
        places = [*task_vars.get("ansible_search_path", []), self._loader.get_basedir(), os.path.dirname(full)]
        search = [folder for place in places for folder in (os.path.join(place, "templates"), place)]
        variables = task_vars | _template_vars.generate_ansible_template_vars(
            path=raw["template"], fullpath=full, dest_path=raw["path"], include_ansible_managed=False
        )
        variables |= raw.get("vars") or {}
        templar = self._templar.copy_with_new_env(searchpath=search, available_variables=variables)
        try:
            text = templar.template(
                trust_as_template(self._loader.get_text_file_contents(full)),
                escape_backslashes=False,
                overrides={"trim_blocks": True, "lstrip_blocks": False, "newline_sequence": "\n"},
            )
        except AnsibleError as error:
            raise AnsibleActionFail(f"{raw['path']}: template {raw['template']}: {error}") from error
        return ("" if text is None else str(text)).encode()
