"""The three ways of a packet through a host, each the composition of the hooks that it passes."""

from __future__ import annotations

from functools import cache
from typing import Literal

from shoko.proof.boxes import EVERYTHING, Box, meet, minus
from shoko.proof.fields import TRACKED, VALUES
from shoko.proof.interfaces import NONE
from shoko.proof.ruleset import Ruleset
from shoko.proof.run import Batch, Run, Told
from shoko.proof.spans import minus as without
from shoko.proof.spans import single, union

Path = Literal["input", "forward", "output"]
PATHS: tuple[Path, ...] = ("input", "forward", "output")

_NONE = single(NONE)
_SOME = without(VALUES["iif"], _NONE)
_ENDS: dict[Path, Box] = {
    "input": {"iif": _SOME, "oif": _NONE},
    "forward": {"iif": _SOME, "oif": _SOME},
    "output": {"iif": _NONE, "oif": _SOME},
}


# Neighbour and listener discovery is never tracked: nf_conntrack_icmpv6_error in nf_conntrack_proto_icmpv6.c (kernel).
_NEVER_TRACKED: Box = {
    "family": single(6),
    "proto": single(58),
    "headed": single(1),
    "sport": union((one * 256, one * 256 + 256) for one in (130, 131, 132, 133, 134, 135, 136, 143)),
    "state": TRACKED,
}


@cache
def packets(path: Path) -> tuple[Box, ...]:
    """Return every packet that can take a path."""
    whole = [both for box in EVERYTHING if (both := meet(box, _ENDS[path])) is not None]
    return tuple(piece for box in whole for piece in minus(box, _NEVER_TRACKED))


def accepted(
    ruleset: Ruleset, path: Path, start: tuple[Box, ...] | None = None, tell: Told | None = None
) -> list[Batch]:
    """Return what a ruleset lets through on a path, of all packets or of those in `start`.

    The nat chains are not part of it: the reader only lets source translation after routing through, which no filter
    chain sees; `translations` gives that.
    """
    if start is None and tell is None:
        if path not in ruleset.passing:
            ruleset.passing[path] = _passed(ruleset, path, packets(path), None)
        known: list[Batch] = ruleset.passing[path]
        return known
    return _passed(ruleset, path, packets(path) if start is None else start, tell)


def _passed(ruleset: Ruleset, path: Path, start: tuple[Box, ...], tell: Told | None) -> list[Batch]:
    run = Run(ruleset, tell)
    batches = [Batch(start)]
    if path != "output":
        # Before routing there is no way out yet, whatever it is going to be.
        batches = [Batch(one.boxes, {**one.now, "oif": NONE}) for one in batches]
        batches = run.hook(ruleset.hooked("prerouting"), batches)
        batches = [Batch(one.boxes, {k: v for k, v in one.now.items() if k != "oif"}) for one in batches]
    batches = run.hook(ruleset.hooked(path), batches)
    if path != "input":
        batches = run.hook(ruleset.hooked("postrouting"), batches)
    return batches


def leaving() -> tuple[Box, ...]:
    """Return every packet that can leave a host."""
    return (*packets("forward"), *packets("output"))


def translations(ruleset: Ruleset) -> dict[str, list[Box]]:
    """Return which packets leave with another source, by the address that they get ("masquerade" for any)."""
    from_all = leaving()
    found: dict[str, list[Box]] = {}
    for chain in ruleset.hooked("postrouting", ("nat",)):
        given: list[Box] = []
        for rule in chain.rules:
            for wanted in (box for case in rule.cases for box in case.boxes):
                here = [both for box in from_all if box["family"][0] in chain.families and (both := meet(box, wanted))]
                found.setdefault(rule.translation or "", []).extend(here)
                given += here
    return found
