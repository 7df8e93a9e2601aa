"""Accepted against permitted: what passes and should not, what should pass and does not, and by which rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from shoko.proof.boxes import Box, meet, point, product, without
from shoko.proof.expected.host import HostExpectation, Permitted
from shoko.proof.fields import NEW, VALUES
from shoko.proof.index import Index
from shoko.proof.packet import Packet, example
from shoko.proof.paths import Path, accepted
from shoko.proof.ruleset import Chain, Rule, Ruleset, Verdict, Where
from shoko.proof.run import Batch
from shoko.proof.spans import holds, single, size

Kind = Literal[
    "passes", "blocked", "mark", "rewritten", "default", "translated", "forwards", "address", "route", "switch"
]
Place = Path | Literal["links", "routes", "switch"]  # where on a host the difference is
_ENDS = frozenset({"saddr", "daddr", "sport", "dport"})
EXAMPLES = 200  # boxes looked at for examples; whether there is a difference is decided before


@dataclass(frozen=True)
class Step:
    """A rule (or a chain's policy, with handle 0) that had a say in one packet."""

    where: Where
    verdict: str

    @property
    def rule(self) -> str:
        """The place in one line."""
        return str(self.where)


@dataclass(frozen=True)
class Finding:
    """A difference between a host and the declaration.

    `packet` is one concrete example out of `box` (None where no packet shows it), `steps` is its way through the
    ruleset. `flow` is the flow that the packet belongs to, "" if none permits it. `others` are further boxes that the
    same rule decides for the same flow.
    """

    kind: Kind
    path: Place
    packet: Packet | None
    box: Box
    steps: tuple[Step, ...] = ()
    flow: str = ""
    detail: str = ""
    others: tuple[Box, ...] = ()


@dataclass(frozen=True)
class Compared:
    """What was compared on one path, in numbers of boxes, and the differences; none means: equal for every packet."""

    path: Path
    accepted: int
    expected: int
    findings: tuple[Finding, ...]


def compared(ruleset: Ruleset, path: Path, expected: HostExpectation, windows: Ruleset | None = None) -> Compared:
    """Compare what a ruleset does with what is expected on a path.

    `windows` is the same ruleset with its expiring elements, if it has some: it may let pass what open windows permit.
    """
    must = expected.permitted(path)
    passing = accepted(ruleset, path)
    findings = [*_differences(ruleset, path, passing, must, must)]
    findings += _rewriting(ruleset, path, passing, expected, must)
    if windows is not None:
        may = [*must, *expected.while_open(path)]
        findings += _differences(windows, path, accepted(windows, path), [], may)
    return Compared(path, sum(len(one.boxes) for one in passing), len(must), tuple(findings))


def trace(ruleset: Ruleset, path: Path, packet: Packet) -> tuple[Step, ...]:
    """Return every rule that had a say in a packet, in the order in which it met them."""
    steps: list[Step] = []

    def tell(rule: Rule | Chain, verdict: Verdict) -> None:
        said = f"{verdict.kind} {verdict.target}".strip()
        steps.append(Step(rule.where, f"policy {said}" if isinstance(rule, Chain) else said))

    accepted(ruleset, path, (point(packet),), tell)
    return tuple(steps)


def _differences(
    ruleset: Ruleset, path: Path, passing: list[Batch], must: list[Permitted], may: list[Permitted]
) -> list[Finding]:
    permitted = Index(one.box for one in may)
    extra = [piece for batch in passing for box in batch.boxes for piece in without(box, permitted.near(box))]
    let = Index(box for batch in passing for box in batch.boxes)
    missing = [(piece, one.flow) for one in must for piece in without(one.box, let.near(one.box))]
    return [
        *_shown(ruleset, "passes", path, ((piece, "") for piece in extra)),
        *_shown(ruleset, "blocked", path, missing),
        *_shown(ruleset, "mark", path, _mismarked(passing, may)),
    ]


def _mismarked(passing: list[Batch], may: list[Permitted]) -> Iterator[tuple[Box, str]]:
    """New sessions of a flow with another flow's mark, or with none: the end of the flow would not end them."""
    of_mark: dict[int | None, Index] = {}
    for one in may:
        of_mark.setdefault(one.mark, Index()).add([one.box])
    for batch in passing:
        mine = of_mark.get(batch.now.get("mark"), Index())
        for box in batch.boxes:
            first = meet(box, {"state": single(NEW)})
            for wrong in without(first, mine.near(first)) if first is not None else []:
                yield from ((both, one.flow) for one in may if one.flow and (both := meet(wrong, one.box)) is not None)


def _rewriting(
    ruleset: Ruleset, path: Path, passing: list[Batch], expected: HostExpectation, must: list[Permitted]
) -> list[Finding]:
    """Permitted packets whose ends change on the way: the declared ones and no others, to the declared address."""
    wrong: list[Box] = []
    declared = expected.rewritten if path == "output" else []
    for batch in passing:
        changed = {name: value for name, value in batch.now.items() if name in _ENDS}
        for box in batch.boxes:
            if changed:
                wrong += without(box, [one for one, address in declared if changed == {"saddr": address}])
            else:
                wrong += [both for one, _address in declared if (both := meet(box, one)) is not None]
    return _shown(ruleset, "rewritten", path, ((one, "") for one in product(wrong, [it.box for it in must])))


def _breadth(box: Box) -> tuple[bool, int]:
    """What tells people most comes first: packets that begin a session, from and to as many as possible."""
    begins = holds(box.get("state", VALUES["state"]), NEW)
    return begins, sum(size(box.get(field, VALUES[field])).bit_length() for field in _TELLING)


_TELLING = ("proto", "saddr", "daddr", "dport")


def _shown(ruleset: Ruleset, kind: Kind, path: Path, wrong: Iterable[tuple[Box, str]]) -> list[Finding]:
    """One finding for each rule and flow concerned: a single slip often shows in hundreds of boxes."""
    found: dict[tuple[Step | None, str], Finding] = {}
    others: dict[tuple[Step | None, str], list[Box]] = {}
    for box, flow in islice(sorted(wrong, key=lambda one: _breadth(one[0]), reverse=True), EXAMPLES):
        packet = example(box)
        steps = trace(ruleset, path, packet)
        key = steps[-1] if steps else None, flow
        if key in found:
            others.setdefault(key, []).append(box)
        else:
            found[key] = Finding(kind, path, packet, box, steps, flow)
    return [replace(one, others=tuple(others.get(key, ()))) for key, one in found.items()]
