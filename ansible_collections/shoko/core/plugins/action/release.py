"""The controller's half of ``shoko.core.release``: sends the archive, and only when the host asks for it."""

from __future__ import annotations

import os

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.shoko.core.plugins.plugin_utils.asking import attempt

MODULE = "shoko.core.release"


class ActionModule(ActionBase):
    """Ask the host; if it lacks the release, send it and ask again."""

    TRANSFERS_FILES = True

    def run(self, tmp=None, task_vars=None):
        """Run the task."""
        super().run(tmp, task_vars)
        del tmp
        arguments = dict(self._task.args)
        answer = self._execute_module(module_name=MODULE, module_args=arguments | attempt(), task_vars=task_vars)
        if not answer.pop("wants_archive", False):
            return answer
        archive = os.path.abspath(os.path.expanduser(arguments["archive"]))
        if not os.path.isfile(archive):
            raise AnsibleActionFail(f"release {arguments.get('id')}: {archive} does not exist on the control node")
        try:
            folder = self._make_tmp_path()
            sent = self._connection._shell.join_path(folder, "release.tar")
            self._transfer_file(archive, sent)
            sending = arguments | {"sent": sent} | attempt()
            return self._execute_module(module_name=MODULE, module_args=sending, task_vars=task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
