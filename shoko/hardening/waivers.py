"""What a benchmark asks for and hosts do not have (`shoko/data/waivers.yml`): until when, and why."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import yaml

from shoko.errors import ShokoError
from shoko.hardening.sandbox import Waiver


class BadWaiver(ShokoError):
    """The data of the waivers is not as its head says."""


def benchmarks() -> tuple[str, ...]:
    """The benchmarks of which something is waived."""
    return tuple(_data())


def waivers(benchmark: str, group_of_hosts: str | None = None) -> Mapping[str, Waiver]:
    """The waived rules of a benchmark by their name there, for hosts of a group or for all. Raises BadWaiver."""
    found: dict[str, Waiver] = {}
    for group in _data().get(benchmark, []):
        if set(group) - {"at"} != {"until", "why", "rules"}:
            raise BadWaiver(
                f"{benchmark}: wants `until`, `why` and `rules`: {', '.join(map(str, group.get('rules', group)))}"
            )
        if group_of_hosts is not None and group.get("at", group_of_hosts) != group_of_hosts:
            continue
        for rule in group["rules"]:
            if rule in found:
                raise BadWaiver(f"{benchmark}: {rule}: waived twice")
            found[rule] = Waiver(group["until"], str(group["why"]))
    return found


def _data() -> Any:
    return yaml.safe_load(resources.files("shoko").joinpath("data/waivers.yml").read_text(encoding="utf-8"))
