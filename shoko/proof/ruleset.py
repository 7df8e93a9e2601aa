"""A ruleset as the prover understands it: matches are boxes, everything else is a verdict or a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from shoko.proof.boxes import Box

VerdictKind = Literal["accept", "drop", "jump", "goto", "return", "continue"]


@dataclass(frozen=True)
class Verdict:
    """What happens to a matching packet; `target` names the chain of a jump or goto."""

    kind: VerdictKind
    target: str = ""


@dataclass(frozen=True)
class Where:
    """The place of a rule, as nft names it. A chain's own policy has the handle 0."""

    family: str
    table: str
    chain: str
    handle: int = 0
    comment: str = ""

    def __str__(self) -> str:
        place = f"table {self.family} {self.table}"
        if self.chain:
            place += f" chain {self.chain}"
        if self.handle:
            place += f" handle {self.handle}"
        return f'{place} "{self.comment}"' if self.comment else place


@dataclass(frozen=True)
class Case:
    """Packets that a rule matches, and their verdict. The cases of one rule are disjoint."""

    boxes: tuple[Box, ...]
    verdict: Verdict


@dataclass(frozen=True)
class Rule:
    """A rule that can decide or change a packet; others (counters, logs) are not kept.

    `changes` are fields that get a constant value in every matching packet before the verdict.
    `translation` is the address that a rule of a nat chain puts in place of the source, "masquerade" for any.
    """

    where: Where
    cases: tuple[Case, ...]
    changes: Mapping[str, int] = field(default_factory=dict)
    translation: str | None = None

    @property
    def drops_all(self) -> bool:
        """Whether no packet gets past it."""
        return any(case.verdict.kind == "drop" and {} in case.boxes for case in self.cases)


@dataclass(frozen=True)
class Chain:
    """A chain; base chains have `hook`, `kind`, `priority`, and the policy of what no rule decides."""

    where: Where
    rules: tuple[Rule, ...]
    hook: str | None = None
    kind: str = "filter"
    priority: int = 0
    policy: Literal["accept", "drop"] = "accept"

    @property
    def families(self) -> tuple[int, ...]:
        """The address families whose packets pass through a base chain."""
        return {"ip": (4,), "ip6": (6,)}.get(self.where.family, (4, 6))


@dataclass(frozen=True)
class Unknown:
    """Something that the prover does not understand. A ruleset with one of these proves nothing."""

    where: Where
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True)
class Ruleset:
    """All tables of a host. Chains are found by (family, table, name)."""

    chains: Mapping[tuple[str, str, str], Chain]
    unknown: tuple[Unknown, ...]
    # What passes of all packets, by path; `paths.accepted` works it out once.
    passing: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def hooked(self, hook: str, kinds: tuple[str, ...] = ("filter", "route")) -> list[Chain]:
        """Return the base chains of a hook in the order in which a packet meets them."""
        found = [chain for chain in self.chains.values() if chain.hook == hook and chain.kind in kinds]
        return sorted(found, key=lambda chain: chain.priority)

    def target(self, rule: Rule, verdict: Verdict) -> Chain:
        """Return the chain that a rule's jump or goto leads to."""
        return self.chains[rule.where.family, rule.where.table, verdict.target]
