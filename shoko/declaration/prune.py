"""Leaves out of a declaration what has the wrong shape, so that the rest can still be checked."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from shoko.declaration.reader import Path_

# What stands for a part that is one whole, where that is missing or wrong. The checks know (`Context.usable`).
_STAND_INS: dict[str, Any] = {
    "schema": 1,
    "site": {
        "key": "site",
        "name": {"ja": "-", "en": "-"},
        "timezone": "UTC",
        "domain": "invalid.invalid",
        "internal_domain": "internal.invalid",
    },
    "owners": {},
    "policies": {"maintenance_access": "vpn", "tls_minimum": "1.3", "apart": []},
    "upstream": {"dns": [], "ntp": []},
    "updates": {"archive": "", "security": "", "site": ""},
    "zones": {},
    "gateways": {
        "hosts": [],
        "vip": 1,
        "addresses": {},
        "manage": "",
        "sync": {"ipv4": "0.0.0.0/30", "addresses": {}, "interface": ""},
    },
    "hosts": {},
    "services": {},
    "flows": {},
    "numbers": {},
}
_WHOLES = {"schema", "site", "policies", "upstream", "updates", "gateways"}


def without(tree: dict[str, Any], broken: Iterable[Path_]) -> dict[str, Any]:
    """A copy of the tree without the entries in which a broken path lies, with stand-ins where a whole is broken."""
    pruned = copy.deepcopy(tree)
    for path in broken:
        _remove(pruned, path)
    for key, value in _STAND_INS.items():
        pruned.setdefault(key, copy.deepcopy(value))
    return pruned


def _remove(tree: dict[str, Any], path: Path_) -> None:
    """Remove the smallest entry around the path that can be missed."""
    if not path:
        return
    key = str(path[0])
    value = tree.get(key)
    if len(path) == 1 or key in _WHOLES or not isinstance(value, dict):
        tree.pop(key, None)
        return
    entry = value.get(path[1])
    if key == "zones" and len(path) > 3 and path[2] == "segments" and isinstance(entry, dict):
        entry["segments"].pop(path[3], None)
        if entry["segments"]:
            return
    if key == "usb" and len(path) > 2 and isinstance(entry, dict):
        entry.pop(path[2], None)
        return
    value.pop(path[1], None)
