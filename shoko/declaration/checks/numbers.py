"""The number of a flow: its mark in connection tracking. One each, never used again."""

from __future__ import annotations

from shoko.declaration.checks.context import Context

_HIGHEST = 65535


def check(context: Context) -> None:
    """Missing, duplicate and retired numbers, and numbers of no flow."""
    # Whatever has a wrong shape is told by the schema; here it counts as nothing.
    tree = context.source.tree
    numbers = {name: tree["numbers"][name] for name in context.written("numbers")}
    numbers = {name: n for name, n in numbers.items() if isinstance(n, int)}
    retired = [n for n in tree["retired"] if isinstance(n, int)] if isinstance(tree.get("retired"), list) else []
    taken = {*numbers.values(), *retired}
    free = (number for number in range(max(taken, default=0) + 1, _HIGHEST + 1))
    flows = [*context.written("flows"), *context.written("platform")]
    for key in ("flows", "platform"):
        for name in context.written(key):
            if name not in context.written("numbers"):
                context.report((key, name), "has no number", f"numbers: {name}: {next(free)}")
    first: dict[int, str] = {}
    for name, number in numbers.items():
        path = ("numbers", name)
        if name not in flows:
            context.report(path, f"there is no flow {name}", f"remove the line and add {number} to retired")
        if (other := first.setdefault(number, name)) != name:
            context.report(path, f"{number} is also the number of {other}", f"the next free one: {next(free)}")
        if number in retired:
            context.report(
                path, f"{number} is retired", f"a number is never used again; the next free one: {next(free)}"
            )
