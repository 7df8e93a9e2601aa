"""Views stay thin: service functions are the only writers."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

WRITES = frozenset(
    {"save", "create", "update", "delete", "get_or_create", "update_or_create", "bulk_create", "bulk_update"}
)
# raw SQL could write as well
SQL = frozenset({"cursor", "execute", "executemany", "raw"})


def modules() -> list[ModuleType]:
    """Every module that answers an address of one of the two services."""
    found: set[str] = set()

    def walk(patterns: list[URLPattern | URLResolver]) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns)
            else:
                found.add(inspect.unwrap(pattern.callback).__module__)

    for service in ("urls_staff", "urls_public"):
        walk(get_resolver(f"shoko_ils.{service}").url_patterns)
    return [importlib.import_module(name) for name in sorted(found) if name.startswith("shoko_ils.")]


def imported(tree: ast.Module) -> set[str]:
    """Names that an import binds: `editing.save(…)` of an imported module is a service function."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {alias.asname or alias.name.partition(".")[0] for node in nodes for alias in node.names}


def writes(tree: ast.Module) -> Iterator[str]:
    services = imported(tree)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        of_service = isinstance(node.func.value, ast.Name) and node.func.value.id in services
        if node.func.attr in SQL or (node.func.attr in WRITES and not of_service):
            yield f"line {node.lineno}: {ast.unparse(node)[:80]}"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.__name__)
def test_no_view_writes(module: ModuleType) -> None:
    assert list(writes(ast.parse(inspect.getsource(module)))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from a import Row\nRow.objects.filter(pk=1).update(a=1)", 1),
        ("from a import Row\nRow.objects.create(a=1)", 1),
        ("row.save()", 1),
        ("Row.objects.bulk_create([])", 1),
        ("with connection.cursor() as c:\n    c.execute('x')", 2),
        ("from a import services\nservices.delete(1)", 0),
        ("from a import Row\nRow.objects.filter(pk=1).first()", 0),
    ],
)
def test_a_write_is_recognised(source: str, found: int) -> None:
    assert len(list(writes(ast.parse(source)))) == found


def test_the_views_are_looked_at() -> None:
    names = {module.__name__ for module in modules()}
    assert {"shoko_ils.counter.lending", "shoko_ils.mylibrary.views.page", "shoko_ils.staff.views"} <= names
    assert len(names) > 25
