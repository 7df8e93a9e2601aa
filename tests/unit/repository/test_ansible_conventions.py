"""Conventions that every play and role of this repository keeps, checked over all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
PLAYBOOKS = sorted((ROOT / "playbooks").rglob("*.yml"))
TASK_FILES = PLAYBOOKS + [path for part in ("tasks", "handlers") for path in (ROOT / "roles").rglob(f"{part}/*.yml")]

# The collections whose modules beat a shell line of ours. Any other is refused: each is one more thing to keep for ten
# years. `ansible.posix` gives profile_tasks.
ALLOWED_COLLECTIONS = {"ansible.builtin", "ansible.posix", "shoko.core"}
FQCN = re.compile(r"^[a-z_]+\.[a-z_]+\.[a-z_0-9]+$")


def plays(path: Path) -> list[dict[str, Any]]:
    """The plays of a playbook that have hosts (imports have none)."""
    return [play for play in yaml.safe_load(path.read_text()) or [] if "hosts" in play]


def tasks(nodes: Any) -> Iterator[dict[str, Any]]:
    """All tasks of a list, blocks and plays unfolded."""
    for node in nodes or []:
        if not isinstance(node, dict):
            continue
        for key in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
            yield from tasks(node.get(key))
        if "name" in node and "hosts" not in node and "block" not in node:
            yield node


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_play_stops_everywhere_at_the_first_failure(path: Path) -> None:
    for play in plays(path):
        assert play.get("any_errors_fatal") is True, play["name"]
        assert play.get("max_fail_percentage") == 0, play["name"]


def test_only_named_collections_are_used() -> None:
    used = set()
    for path in TASK_FILES:
        for task in tasks(yaml.safe_load(path.read_text())):
            used |= {key for key in task if FQCN.match(key)}
    assert used, "no task found: the test looks in the wrong place"
    assert {".".join(name.split(".")[:2]) for name in used} <= ALLOWED_COLLECTIONS


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_role_has_its_parts(role: Path) -> None:
    for part in ("README.md", "meta/argument_specs.yml", "defaults/main.yml", "tasks/main.yml"):
        assert (role / part).is_file(), f"{role.name}: {part} is missing"


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_argument_specs_and_defaults_tell_the_same(role: Path) -> None:
    specs = yaml.safe_load((role / "meta/argument_specs.yml").read_text())["argument_specs"]
    options = specs["main"].get("options", {})
    defaults = yaml.safe_load((role / "defaults/main.yml").read_text()) or {}
    undeclared = set(defaults) - set(options)
    assert not undeclared, f"defaults without a spec: {sorted(undeclared)}"
    for name, value in defaults.items():
        spec = options[name]
        if "default" in spec and value is not None and "{{" not in str(value):
            assert spec["default"] == value, name


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_role_reads_no_other_host(role: Path) -> None:
    for path in [*role.rglob("*.yml"), *role.rglob("*.j2")]:
        text = path.read_text()
        assert "hostvars" not in text, f"{path}: reads another host's variables, so --limit would render other bytes"
        injected = re.search(r"\bansible_(distribution|default_ipv4|hostname|virtualization)", text)
        assert not injected, f"{path}: injected fact"
        assert "virtualization_type" not in text, f"{path}: a role may not step aside in a container"


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_every_task_of_a_part_that_owes_a_restart_tells_the_handler(role: Path) -> None:
    """Also the one that only takes files away: what is due stays marked, and each run would report it as a change."""
    handlers = "".join(path.read_text() for path in role.glob("handlers/*.yml"))
    parts: dict[str, list[tuple[dict[str, Any], list[Any]]]] = {}
    for path in role.glob("tasks/*.yml"):
        for task in tasks(yaml.safe_load(path.read_text())):
            for module in {"shoko.core.files", "shoko.core.part"} & set(task):
                parts.setdefault(task[module]["part"], []).append((task, task[module].get("files", [])))
    for part, found in parts.items():
        if any("restart" in file or "reload" in file for _, files in found for file in files if isinstance(file, dict)):
            for task, _ in found:
                assert task.get("notify"), f"{role.name}: {part}: {task['name']!r} notifies nobody"
                assert task.get("register", "?") in handlers, f"{role.name}: {part}: {task['name']!r} is not handled"
