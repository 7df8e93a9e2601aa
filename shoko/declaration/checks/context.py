"""What every check is given, and where it puts what it finds."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from shoko.declaration.ends import End, flow_ends
from shoko.declaration.model import Declaration, Flow
from shoko.declaration.problems import Problem
from shoko.declaration.reader import Path_, Source

# The present of whoever asks what a declaration said when it was new: nothing has expired, nothing ends too far ahead.
NOTHING_EXPIRED = datetime.fromtimestamp(0, UTC)


@dataclass
class Context:
    """A declaration in typed form, with the places where its parts were written."""

    source: Source
    declaration: Declaration
    broken: set[Path_]
    now: datetime
    problems: list[Problem] = field(default_factory=list)
    unclear: set[str] = field(default_factory=set)  # flows with a mistake in one of their ends

    def report(self, path: Path_, message: str, allowed: str = "") -> None:
        """One more mistake."""
        if len(path) > 2 and path[0] in {"flows", "platform"} and path[2] in {"from", "to"}:
            self.unclear.add(str(path[1]))
        self.problems.append(self.source.problem(path, message, allowed))

    @cached_property
    def ends(self) -> dict[str, tuple[tuple[End, ...], tuple[End, ...]]]:
        """Both ends of every flow, worked out once."""
        return {flow.name: flow_ends(self.declaration, flow) for flow in self.declaration.flows.values()}

    def written(self, key: str) -> list[str]:
        """The names that stand under a top-level key, those with a wrong shape too."""
        value = self.source.tree.get(key)
        return list(value) if isinstance(value, dict) else []

    def usable(self, key: str) -> bool:
        """Whether a top-level key that is one whole (site, gateways …) has the right shape."""
        return not any(path[0] == key for path in self.broken)

    def segments_written(self) -> list[str]:
        """The names zone.segment as written."""
        names: list[str] = []
        for zone in self.written("zones"):
            raw = self.source.tree["zones"][zone]
            segments = raw.get("segments") if isinstance(raw, dict) else None
            names += [f"{zone}.{key}" for key in segments] if isinstance(segments, dict) else []
        return names

    def known(self, path: Path_, kind: str, name: str, names: Iterable[str]) -> bool:
        """Whether a name exists; if not, a mistake that says which do."""
        options = list(names)
        if name in options:
            return True
        close = difflib.get_close_matches(name, options, n=1)
        if close:
            allowed = f"perhaps {close[0]}"
        elif not options:
            allowed = f"there is no {kind} at all"
        else:
            allowed = "one of " + ", ".join(options[:12]) + (" …" if len(options) > 12 else "")
        self.report(path, f"unknown {kind} {name}", allowed)
        return False


def flow_path(flow: Flow) -> Path_:
    """Where a flow stands."""
    return ("platform" if flow.platform else "flows", flow.name)


def segment_path(name: str) -> Path_:
    """Where a segment stands, by its name zone.segment."""
    zone, _, key = name.partition(".")
    return ("zones", zone, "segments", key)
