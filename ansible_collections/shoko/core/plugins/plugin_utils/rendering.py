"""Render a template on the controller exactly as ansible.builtin.template would."""

from __future__ import annotations

import os

from ansible._internal._templating import _template_vars
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template


def find(action: ActionBase, folder: str, name: str, path: str) -> str:
    """Return the full path of a role's template or file; ``path`` is what it is for."""
    try:
        return action._find_needle(folder, name)
    except AnsibleError as error:
        raise AnsibleActionFail(f"{path}: {error}") from error


def render(action: ActionBase, name: str, path: str, extra: dict | None, task_vars: dict) -> str:
    """Return the text of template ``name`` meant for ``path`` on the host.

    Same search path as the builtin, block lines leave no empty line, an undefined name is an error that
    names path and template.
    """
    full = find(action, "templates", name, path)
    places = [*task_vars.get("ansible_search_path", []), action._loader.get_basedir(), os.path.dirname(full)]
    search = [folder for place in places for folder in (os.path.join(place, "templates"), place)]
    variables = task_vars | _template_vars.generate_ansible_template_vars(
        path=name, fullpath=full, dest_path=path, include_ansible_managed=False
    )
    variables |= extra or {}
    templar = action._templar.copy_with_new_env(searchpath=search, available_variables=variables)
    try:
        text = templar.template(
            trust_as_template(action._loader.get_text_file_contents(full)),
            escape_backslashes=False,
            overrides={"trim_blocks": True, "lstrip_blocks": False, "newline_sequence": "\n"},
        )
    except AnsibleError as error:
        raise AnsibleActionFail(f"{path}: template {name}: {error}") from error
    return "" if text is None else str(text)
