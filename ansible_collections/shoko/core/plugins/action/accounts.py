"""The controller's half of ``shoko.core.accounts``: names the attempt, and forwards."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ansible_collections.shoko.core.plugins.plugin_utils.asking import attempt


class ActionModule(ActionBase):
    """Forwards; decides nothing about the host."""

    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        """Run the task."""
        result = super().run(tmp, task_vars)
        del tmp
        asked = self._task.args | attempt()
        return result | self._execute_module(
            module_name="shoko.core.accounts", module_args=asked, task_vars=task_vars or {}
        )
