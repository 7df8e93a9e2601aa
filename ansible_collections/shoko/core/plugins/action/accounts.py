"""The controller's half of ``shoko.core.accounts``: names the attempt, and forwards."""

from __future__ import annotations

from ansible_collections.shoko.core.plugins.plugin_utils.asking import AttemptAction


class ActionModule(AttemptAction):
    """Forwards; decides nothing about the host."""

    MODULE = "accounts"
