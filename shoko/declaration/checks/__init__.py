"""Checks of what a declaration means, once its shape is right. Each collects every mistake of its kind."""

from __future__ import annotations

from datetime import datetime

from shoko.declaration.checks import (
    accounts,
    addresses,
    expectations,
    flows,
    gateways,
    hosts,
    links,
    numbers,
    references,
    selectors,
    usb,
)
from shoko.declaration.checks.context import Context
from shoko.declaration.model import Declaration
from shoko.declaration.problems import Problem
from shoko.declaration.reader import Path_, Source

_ALL = (
    references.check,
    addresses.check,
    links.check,
    gateways.check,
    hosts.check,
    accounts.check,
    selectors.check,
    flows.check,
    numbers.check,
    expectations.check,
    usb.check,
)


def run(source: Source, declaration: Declaration, broken: set[Path_], now: datetime) -> list[Problem]:
    """Every mistake in the meaning. `broken` are the paths whose shape was wrong; nothing is said of them again."""
    context = Context(source, declaration, broken, now)
    for check in _ALL:
        check(context)
    return context.problems
