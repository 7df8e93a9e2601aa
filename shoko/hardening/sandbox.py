"""What each unit may do (`shoko/data/sandbox.yml`), and the drop-in that says so to systemd (systemd.exec(5))."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from shoko.errors import ShokoError

# Directives that collect their assignments: an empty one first forgets those of the unit itself.
_COLLECTING = frozenset({
    "AmbientCapabilities", "CapabilityBoundingSet", "DeviceAllow", "IPAddressAllow", "IPAddressDeny", "ReadWritePaths",
    "RestrictAddressFamilies", "SystemCallFilter",
})  # fmt: skip
_KEYS = {"role", "but", "only", "apply", "waived"}


class BadSandbox(ShokoError):
    """The data of the sandboxes is not as its head says."""


@dataclass(frozen=True)
class Waiver:
    """Why a unit may be more exposed than the bar, and until when."""

    until: datetime.date
    why: str


@dataclass(frozen=True)
class Sandbox:
    """What one unit (without `.service`) may do. `directives` in the order of the file; `why` of those that differ."""

    unit: str
    role: str | None
    directives: Mapping[str, tuple[str, ...]]
    why: Mapping[str, str]
    at_once: bool
    waiver: Waiver | None

    def drop_in(self) -> str:
        """The drop-in for `/etc/systemd/system/UNIT.service.d/`, with the reason of each exception."""
        lines = [f"# Written by Shoko (role {self.role}): what {self.unit} may do.", "[Service]"]
        for name, values in self.directives.items():
            if name in self.why:
                lines.append(f"# {self.why[name]}")
            if name in _COLLECTING and values != ("",):
                lines.append(f"{name}=")
            lines += [f"{name}={value}" for value in values]
        return "\n".join(lines) + "\n"


@cache
def bar() -> float:
    """The exposure (`systemd-analyze security`, 0 to 10) that no unit without a waiver exceeds."""
    return float(_data()["bar"])


@cache
def sandboxes() -> Mapping[str, Sandbox]:
    """Every declared unit by its name. Raises BadSandbox."""
    data = _data()
    every = {name: _values(value) for name, value in data["every"].items()}
    return {unit: _sandbox(unit, every, said or {}) for unit, said in data["units"].items()}


def sandbox(unit: str) -> Sandbox:
    """The sandbox of a unit. Raises BadSandbox for one that is not declared."""
    try:
        return sandboxes()[unit]
    except KeyError:
        raise BadSandbox(f"{unit}: no such unit in shoko/data/sandbox.yml") from None


def _sandbox(unit: str, every: Mapping[str, tuple[str, ...]], said: Mapping[str, Any]) -> Sandbox:
    if unknown := sorted(set(said) - _KEYS):
        raise BadSandbox(f"{unit}: unknown: {', '.join(unknown)}")
    if {"but", "only"} <= set(said):
        raise BadSandbox(f"{unit}: `but` or `only`, not both")
    base = {} if "only" in said else every
    exceptions: Mapping[str, Mapping[str, Any]] = said.get("only", said.get("but", {}))
    for name, exception in exceptions.items():
        if set(exception) != {"is", "why"}:
            raise BadSandbox(f"{unit}: {name}: wants `is` and `why`")
    but = {name: _values(exception["is"]) for name, exception in exceptions.items()}
    if idle := sorted(name for name, values in but.items() if base.get(name) == values):
        raise BadSandbox(f"{unit}: no exception, every unit has it: {', '.join(idle)}")
    if said.get("apply", "restart") not in {"restart", "start"}:
        raise BadSandbox(f"{unit}: apply: {said['apply']} (restart, start)")
    waived = said.get("waived")
    return Sandbox(
        unit=unit,
        role=said.get("role"),
        directives={**base, **but},
        why={name: str(exception["why"]) for name, exception in exceptions.items()},
        at_once=said.get("apply", "restart") == "restart",
        waiver=None if waived is None else Waiver(waived["until"], str(waived["why"])),
    )


def _values(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else (str(value),)


def _data() -> Any:
    return yaml.safe_load(resources.files("shoko").joinpath("data/sandbox.yml").read_text(encoding="utf-8"))
