"""The prover reads the declaration by itself: a mistake of the renderer must not be made twice."""

import ast
from pathlib import Path

import shoko

ROOT = Path(shoko.__file__).parent
# These bring rulesets to be judged, and judge nothing.
CARRIERS = {"shoko.proof.rendered", "shoko.proof.running", "shoko.proof.commands"}


def module(path):
    parts = ("shoko", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides what it means"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reached(start, files):
    found, waiting = set(), {start}
    while waiting:
        name = waiting.pop()
        if name in files and name not in found:
            found.add(name)
            waiting |= set(imported(files[name]))
    return found


def test_no_file_of_the_prover_reaches_the_renderer():
    files = {module(path): path for path in ROOT.rglob("*.py")}
    provers = {name for name in files if name.startswith("shoko.proof.")} - CARRIERS
    assert provers
    for name in provers:
        shared = {one for one in reached(name, files) if one.startswith(("shoko.policy", "shoko.topology"))}
        assert shared == set(), f"{name} reaches {shared}"
        assert reached(name, files).isdisjoint(CARRIERS), f"{name} reaches a carrier"


def test_the_renderer_reaches_no_file_of_the_prover():
    files = {module(path): path for path in ROOT.rglob("*.py")}
    for name in (one for one in files if one.startswith("shoko.policy")):
        assert not any(one.startswith("shoko.proof") for one in reached(name, files)), name
