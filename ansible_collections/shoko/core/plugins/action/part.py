"""The controller's half of ``shoko.core.part``: as for ``files``, with what lies before and after them."""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.shoko.core.plugins.action.files import ActionModule as FilesAction


class ActionModule(FilesAction):
    """Renders and forwards; decides nothing about the host."""

    MODULE = "part"
    NOTHING: ClassVar = FilesAction.NOTHING | {"installed": [], "removed": [], "actions": [], "conditions": {}}
    OPTIONS = FilesAction.OPTIONS | {"packages", "absent", "units"}
