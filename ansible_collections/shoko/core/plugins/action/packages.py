"""The controller's half of ``shoko.core.packages``: forwards, unless the host said that nothing is to do."""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.shoko.core.plugins.plugin_utils.asking import AskingAction


class ActionModule(AskingAction):
    """Forwards; decides nothing about the host."""

    MODULE = "packages"
    NOTHING: ClassVar = {"installed": [], "removed": [], "refreshed": False}
