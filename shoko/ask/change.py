"""The smallest change of the declaration that would permit what was asked, and what the declaration's checks say to it.

Nothing here knows what is forbidden: the flow is added to the declaration as it was read, and the checks that
`shoko check` makes are made again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

from shoko.ask.answer import Answer, answer
from shoko.ask.place import Places
from shoko.declaration.build import build
from shoko.declaration.load import mistakes
from shoko.declaration.problems import Problem
from shoko.declaration.reader import Source
from shoko.errors import ShokoError
from shoko.policy.expand import expand

_LONGEST_NAME = 40  # of a flow, as the schema says


@dataclass(frozen=True)
class Change:
    """What to add, by top-level key, with `why` and `owner` of the flow to fill in; and what forbids it.

    `additions` is None where no flow can say it; `remarks` tell why, or in what the flow is wider than the question.
    `forbidden` is empty where the checks find nothing wrong.
    """

    additions: Mapping[str, Mapping[str, Any]] | None
    owners: tuple[str, ...]
    forbidden: tuple[Problem, ...]
    remarks: tuple[str, ...]


def change(source: Source, asked: Answer, now: datetime | None = None) -> Change:
    """Return the change for a question that was answered with no, or for the rest of one answered with partly."""
    now = now or datetime.now(UTC)
    remarks = tuple(place.remark for place in (asked.source, asked.destination) if place.remark)
    tried = [(additions, _forbidden(source, additions, asked, now)) for additions in _candidates(source, asked)]
    if not tried:
        return Change(None, (), (), remarks)
    additions, forbidden = min(tried, key=lambda one: len(one[1]))
    return Change(additions, tuple(source.tree["owners"]), forbidden, remarks)


def _candidates(source: Source, asked: Answer) -> Iterator[dict[str, dict[str, Any]]]:
    """Every way to write the flow, the plainest first: legs, families and windows that a check may ask for."""
    name = _free_name(source, asked)
    number = max((*source.tree["numbers"].values(), *source.tree.get("retired", ())), default=0) + 1
    service = asked.asked.service or asked.asked.text.replace("/", "-")
    families: tuple[dict[str, Any], ...] = ({}, {"families": ["ipv4"]}, {"families": ["ipv6"]})
    windows: tuple[dict[str, Any], ...] = ({},)
    if any(end.kind == "person" for end in asked.source.ends):
        windows = ({}, {"window": {"by": "command", "longest": "1h"}})
    for start, end, window, family in product(asked.source.selectors, asked.destination.selectors, windows, families):
        flow = {"from": dict(start), "to": dict(end), "services": [service], **family, **window}
        additions: dict[str, dict[str, Any]] = {"flows": {name: flow}, "numbers": {name: number}}
        if asked.asked.service is None:
            ports = {port.protocol: [port.number] for port in asked.asked.ports}
            additions = {"services": {service: ports}, **additions}
        yield additions


def _free_name(source: Source, asked: Answer) -> str:
    taken = {*source.tree["flows"], *source.tree.get("platform", {})}
    words = f"{asked.source.text}-to-{asked.destination.text}-{asked.asked.text}".lower()
    name = re.sub("[^a-z0-9]+", "-", words).strip("-")
    if not name[0].isalpha():
        name = f"from-{name}"
    if len(name) > _LONGEST_NAME:
        name = name[: _LONGEST_NAME + 1].rpartition("-")[0]
    while name in taken:
        name = f"{name[: _LONGEST_NAME - 4].strip('-')}-new"
    return name


def _forbidden(
    source: Source, additions: Mapping[str, Mapping[str, Any]], asked: Answer, now: datetime
) -> tuple[Problem, ...]:
    """What the checks find wrong with the declaration and these additions; a flow that does not help is wrong too."""
    tree = deepcopy(source.tree)
    for key, entries in additions.items():
        tree.setdefault(key, {}).update(deepcopy(dict(entries)))
    name = next(iter(additions["flows"]))
    # Why and owner are for people to fill in; for the checks they are somebody's, so that only the rest is judged.
    tree["flows"][name] |= {"why": {"operation": "shoko ask"}, "owner": next(iter(tree["owners"]))}
    tried = replace(source, tree=tree, problems=list(source.problems))
    found = mistakes(tried, now)
    if found:
        return tuple(found)
    where = ("flows", name)
    try:
        declaration = build(tree)
        find = Places(declaration).find
        start, end = find(asked.source.unmistakable), find(asked.destination.unmistakable)
        again = answer(expand(declaration), start, end, asked.asked)
    except ShokoError as error:
        return (tried.problem(where, str(error).removeprefix(f"flows.{name}: ")),)
    helps = name in {grant.item.flow for grant in again.grants}
    if not helps or (asked.verdict == "partly" and again.verdict != "yes"):
        return (tried.problem(where, "would not permit what was asked"),)
    return ()
