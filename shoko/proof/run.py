"""Runs every packet of a set through chains at once.

A batch is a set of packets with the same changes. Nothing is ever subtracted from the packets that are still on their
way, which would cut them into more and more pieces; instead the packets that are gone are remembered, and only what a
rule lets through is freed from those that went before (4.1 of the method in docs/proof.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shoko.proof.boxes import Box, meet, without
from shoko.proof.errors import ProofError
from shoko.proof.index import Index
from shoko.proof.ruleset import Chain, Rule, Ruleset, Verdict
from shoko.proof.spans import holds

BUDGET = 200_000  # boxes; beyond it a ruleset is no matrix of zones any more

Told = Callable[[Rule | Chain, Verdict], None]


@dataclass(frozen=True)
class Batch:
    """Packets as they arrived, in disjoint boxes, and the fields that chains have since overwritten."""

    boxes: tuple[Box, ...]
    now: Mapping[str, int] = field(default_factory=dict)


@dataclass
class _Frame:
    """A batch in a chain: where it can be, and who is gone from it."""

    batch: Batch
    here: Index
    gone: Index = field(default_factory=Index)
    returned: Index = field(default_factory=Index)  # those of `gone` that go on where this chain was called from
    decided: list[Box] = field(default_factory=list)  # accepted or dropped for good
    strays: list[Batch] = field(default_factory=list)  # came out of the chain changed

    def drop(self, boxes: Iterable[Box]) -> None:
        """Who is dropped needs no exact list: that some were decided before, or go on changed, does no harm."""
        dropped = [piece for came in self.came(boxes) for piece in without(came, self.returned.near(came))]
        self.gone.add(dropped)
        self.decided += dropped

    def came(self, boxes: Iterable[Box]) -> list[Box]:
        """Packets of the batch, gone or not, that are in one of the boxes by their present fields; as they arrived."""
        return [
            both
            for wanted in boxes
            if (arrived := _before(wanted, self.batch.now)) is not None
            for mine in self.here.near(arrived)
            if (both := meet(mine, arrived)) is not None
        ]

    def hits(self, boxes: Iterable[Box]) -> list[Box]:
        """The same without those that are gone."""
        return [piece for came in self.came(boxes) for piece in without(came, self.gone.near(came))]


def _before(wanted: Box, now: Mapping[str, int]) -> Box | None:
    """What the arriving packet has to be like, so that after the changes it is in the box."""
    if not now or not wanted.keys() & now.keys():
        return wanted
    if any(not holds(wanted[name], value) for name, value in now.items() if name in wanted):
        return None
    return {name: members for name, members in wanted.items() if name not in now}


class Run:
    """Runs batches through the base chains of one ruleset; `tell` hears of every rule that decides or changes."""

    def __init__(self, ruleset: Ruleset, tell: Told | None = None) -> None:
        self._ruleset = ruleset
        self._tell = tell
        self._accepted: list[Batch] = []

    def hook(self, chains: Iterable[Chain], batches: Iterable[Batch]) -> list[Batch]:
        """Return what all base chains of a hook accept, one after the other."""
        batches = [batch for batch in batches if batch.boxes]
        for chain in chains:
            batches = [after for batch in batches for after in self._base(chain, batch)]
        return batches

    def _base(self, chain: Chain, batch: Batch) -> list[Batch]:
        mine = tuple(box for box in batch.boxes if box["family"][0] in chain.families)
        others = tuple(box for box in batch.boxes if box["family"][0] not in chain.families)
        self._accepted = [Batch(others, batch.now)] if others else []
        decided, strays = self._chain(chain.rules, Batch(mine, batch.now))
        if chain.policy == "drop" and self._tell is None:
            return _by_change(self._accepted)  # whoever is left is dropped, and nobody asks who that is
        left = [*_undecided(Batch(mine, batch.now), decided, strays), *strays]
        if left and self._tell is not None:
            self._tell(chain, Verdict(chain.policy))
        if chain.policy == "accept":
            self._accepted += left
        return _by_change(self._accepted)

    def _chain(self, rules: Sequence[Rule], batch: Batch) -> tuple[list[Box], list[Batch]]:
        """Return the packets of a batch that are decided, and those that come out changed."""
        frame = _Frame(batch, Index(batch.boxes))
        for at, rule in enumerate(rules):
            for case in rule.cases:
                if self._tell is None and self._drops(rule, case.verdict):
                    frame.drop(case.boxes)
                    continue
                hits = frame.hits(case.boxes)
                if hits:
                    self._matched(frame, rule, case.verdict, hits, rules[at + 1 :])
            if len(frame.decided) > BUDGET:
                raise ProofError(f"{rule.where}: more than {BUDGET} boxes; split the ruleset by pairs of zones")
        return frame.decided, frame.strays

    def _drops(self, rule: Rule, verdict: Verdict) -> bool:
        """Tell whether nobody who gets this verdict survives: a drop, or the way to a chain that drops everybody."""
        if verdict.kind in ("jump", "goto"):
            first = self._ruleset.target(rule, verdict).rules[:1]
            return any(one.drops_all for one in first)
        return verdict.kind == "drop"

    def _matched(self, frame: _Frame, rule: Rule, verdict: Verdict, hits: list[Box], rest: Sequence[Rule]) -> None:
        if self._tell is not None:
            self._tell(rule, verdict)
        after = Batch(tuple(hits), {**frame.batch.now, **rule.changes})
        if verdict.kind in ("accept", "drop"):
            frame.decided += hits
            frame.gone.add(hits)
            if verdict.kind == "accept":
                self._accepted.append(after)
            return
        decided: list[Box] = []
        strays: list[Batch] = []
        if verdict.kind in ("jump", "goto"):
            decided, strays = self._chain(self._ruleset.target(rule, verdict).rules, after)
        frame.decided += decided
        changed = after.now != frame.batch.now
        if verdict.kind in ("goto", "return"):
            # Whoever comes back from a goto, or returns, leaves this chain as well.
            back = _undecided(after, decided, strays)
            frame.strays += [*strays, *back] if changed else strays
            frame.gone.add(hits)
            frame.returned.add(box for one in back if not changed for box in one.boxes)
            return
        # Whoever comes back unchanged is simply still in this frame.
        coming = [*strays, *_undecided(after, decided, strays)] if changed else strays
        frame.gone.add(decided)
        frame.gone.add(hits if changed else [box for stray in strays for box in stray.boxes])
        for one in coming:
            more, further = self._chain(rest, one)
            frame.decided += more
            frame.strays += [*further, *_undecided(one, more, further)]


def _undecided(batch: Batch, decided: Iterable[Box], strays: Iterable[Batch]) -> list[Batch]:
    """What of a batch came through a chain as it went in, as no batch or one."""
    gone = Index(decided)
    for stray in strays:
        gone.add(stray.boxes)
    left = tuple(piece for box in batch.boxes for piece in without(box, gone.near(box)))
    return [Batch(left, batch.now)] if left else []


def _by_change(batches: Iterable[Batch]) -> list[Batch]:
    groups: dict[tuple[tuple[str, int], ...], list[Box]] = {}
    for batch in batches:
        groups.setdefault(tuple(sorted(batch.now.items())), []).extend(batch.boxes)
    return [Batch(tuple(boxes), dict(now)) for now, boxes in groups.items() if boxes]
