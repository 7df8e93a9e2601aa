"""What a change does to device control: which terminals have which policy, and what they accept. No packet shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shoko.declaration.model import Declaration

Verb = Literal["added", "removed", "changed"]
Kind = Literal["policy", "device"]
VERBS: tuple[Verb, ...] = ("added", "removed", "changed")


@dataclass(frozen=True)
class DeviceChange:
    """A policy or a registered device that is new, gone or another one.

    `before` and `after` are what it says, by the declaration's keys; `gained` and `lost` the hosts for which it newly
    counts and no longer counts.
    """

    verb: Verb
    kind: Kind
    name: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    gained: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True)
class _Said:
    """What a policy or a device says, and for which hosts. Owners and titles make no difference to a terminal."""

    words: Mapping[str, str]
    hosts: tuple[str, ...]


_NOTHING = _Said({}, ())


def device_changes(old: Declaration, new: Declaration) -> list[DeviceChange]:
    """Return the differences of device control, by verb, policies before devices; empty if terminals do the same."""
    before, after = _said(old), _said(new)
    found = [
        _change(kind, name, before.get((kind, name), _NOTHING), after.get((kind, name), _NOTHING))
        for kind, name in dict.fromkeys((*after, *before))
        if before.get((kind, name)) != after.get((kind, name))
    ]
    return sorted(found, key=lambda one: (VERBS.index(one.verb), one.kind == "device"))


def _change(kind: Kind, name: str, before: _Said, after: _Said) -> DeviceChange:
    verb: Verb = "added" if before is _NOTHING else "removed" if after is _NOTHING else "changed"
    gained = tuple(host for host in after.hosts if host not in before.hosts)
    lost = tuple(host for host in before.hosts if host not in after.hosts)
    return DeviceChange(verb, kind, name, before.words, after.words, gained, lost)


def _said(declaration: Declaration) -> dict[tuple[Kind, str], _Said]:
    found: dict[tuple[Kind, str], _Said] = {}
    for group, policy in declaration.usb_policies.items():
        words = {"media": policy.media, "spare_keyboard": str(policy.spare_keyboard).lower()}
        found["policy", group] = _Said(words, tuple(host.name for host in declaration.group(group)))
    for name, device in declaration.usb_devices.items():
        words = {
            "vendor": device.vendor,
            "product": device.product,
            "serial": device.serial or "",
            "interfaces": " ".join(sorted(device.interfaces)),
            "keyboard": "true" if device.keyboard else "",
            "media": device.media or "",
        }
        hosts = tuple(host.name for host in declaration.hosts.values() if device.at(host))
        found["device", name] = _Said({key: word for key, word in words.items() if word}, hosts)
    return found
