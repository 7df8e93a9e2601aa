"""The controller's side of ``shoko.core.network_device``: all of it, the device runs nothing of ours."""

from __future__ import annotations

import functools
import shlex
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.shoko.core.plugins.plugin_utils.switch_awplus import AwPlus
from ansible_collections.shoko.core.plugins.plugin_utils.switch_errors import SwitchError
from ansible_collections.shoko.core.plugins.plugin_utils.switch_openvswitch import OpenVswitch
from ansible_collections.shoko.core.plugins.plugin_utils.switch_push import push
from ansible_collections.shoko.core.plugins.plugin_utils.switch_session import Way, session

DRIVERS = {"openvswitch": OpenVswitch, "allied_telesis_awplus": AwPlus}
ARGUMENTS = {
    "driver": {"type": "str", "required": True, "choices": sorted(DRIVERS)},
    "config": {"type": "str", "required": True},
    "bound": {"type": "int", "default": 30},
}


class ActionModule(ActionBase):
    """Pushes a rendered configuration to a switch."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Diff, apply, verify; put the former configuration back if the new one does not stand."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        driver = DRIVERS[arguments["driver"]]()
        opener = functools.partial(session, self._way(task_vars or {}), driver.device_type)
        try:
            outcome = push(driver, opener, arguments["config"], check=self._task.check_mode, bound=arguments["bound"])
        except SwitchError as error:
            raise AnsibleActionFail(str(error)) from error
        result.update(changed=outcome.changed, commands=list(outcome.commands))
        if outcome.changed:
            result["diff"] = {"prepared": outcome.diff}
        return result

    def _way(self, variables: dict[str, Any]) -> Way:
        """Reach the device as Ansible itself would: same ssh_config file, same user."""
        connection = self._connection
        words: list[str] = []
        for option in ("ssh_args", "ssh_common_args", "ssh_extra_args"):
            words += shlex.split(str(self._option(connection, option) or ""))
        config = next((words[at + 1] for at, word in enumerate(words[:-1]) if word == "-F"), None)
        config = config or next((word[2:] for word in words if word.startswith("-F") and len(word) > 2), None)
        return Way(
            name=str(variables["inventory_hostname"]),
            address=str(self._play_context.remote_addr or variables["inventory_hostname"]),
            user=self._play_context.remote_user or None,
            config=Path(config) if config else None,
        )

    @staticmethod
    def _option(connection: Any, option: str) -> Any:
        try:
            return connection.get_option(option)
        except KeyError:
            return None
