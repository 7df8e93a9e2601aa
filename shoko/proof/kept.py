"""The result of `shoko prove --json`, read again from the file in which it was kept (schema/proof.schema.json)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from shoko.declaration.model import Declaration
from shoko.proof.differences import Difference, differences, together
from shoko.proof.errors import ProofError

FORMAT = 2
Pair = tuple[str, str]  # zones


@dataclass
class Removed:
    """A layer of a pair that was taken away in the lab: attempts made, and how many of them were still denied.

    `alone` are those that it denied with every other layer taken away.
    """

    tried: int = 0
    held: int = 0
    alone: int = 0


@dataclass(frozen=True)
class Packets:
    """What the suites of a dynamic proof sent, and how much of it nobody can say what became of."""

    sent: int
    passed: int
    dropped: int
    unaccounted: int


@dataclass(frozen=True)
class Kept:
    """A proof beside its declaration. `current` is whether it was made of this very declaration, `running` whether of
    what the hosts hold; else it is of what the roles would write.

    `proven` are the hosts that enforce exactly the declaration, of `hosts` that were looked at; `unproved` names hosts
    and suites with the reason. `when` is the end of the proof, `kernels` are the versions of Linux whose rules were
    judged. `layers` says by pair of zones how much of what is denied each layer denies (all, part, none), `removed`
    what became of attempts with that layer taken away; both may lack a pair. `packets` is None without a dynamic proof.
    """

    result: str
    digest: str
    current: bool
    running: bool
    when: datetime
    kernels: tuple[str, ...]
    hosts: tuple[str, ...]
    proven: frozenset[str]
    differences: tuple[Difference, ...]
    unproved: tuple[tuple[str, str], ...]
    layers: Mapping[Pair, Mapping[str, str]] = field(default_factory=dict)
    removed: Mapping[Pair, Mapping[str, Removed]] = field(default_factory=dict)
    packets: Packets | None = None

    @property
    def known(self) -> frozenset[str]:
        """The hosts of which the proof says all that there is to say."""
        return frozenset(self.hosts) - {host for host, _ in self.unproved}


def read(declaration: Declaration, file: Path) -> Kept:
    """Return what a proof says; ProofError where the file is none of this site."""
    try:
        page: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if page["site"] != declaration.key:
            raise ProofError(f"{file}: a proof of {page['site']}, not of {declaration.key}")
        if page["format"] != FORMAT:
            raise ProofError(f"{file}: written by another version (format {page['format']}): run shoko prove again")
        return _kept(declaration, page)
    except OSError as error:
        raise ProofError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ProofError(f"{file}: no result of `shoko prove --static --json` ({error})") from error


def _kept(declaration: Declaration, page: dict[str, Any]) -> Kept:
    hosts, composed, dynamic = page["hosts"], page["composed"], page.get("dynamic")
    suites = dynamic["suites"] if dynamic is not None else []
    unproved = [(str(one["host"]), str(reason)) for one in hosts for reason in one["unproved"]]
    told = {host for host, _ in unproved}
    missing = composed["missing"] if composed is not None else []
    unproved += [(str(host), "nothing is known of it") for host in missing if host not in told]
    unproved += [(f"{one['suite']} {one['at']}", str(reason)) for one in suites for reason in one["unproved"]]
    zones = composed["layers"]["zones"] if composed is not None else []
    return Kept(
        result=str(page["result"]),
        digest=str(page["declaration_digest"]),
        current=page["declaration_digest"] == declaration.digest,
        running=page["judged"] == "running",
        when=datetime.fromisoformat(page["ended"]),
        kernels=tuple(sorted({str(one["kernel"]) for one in hosts if one["kernel"] is not None})),
        hosts=tuple(str(one["host"]) for one in hosts),
        proven=frozenset(str(one["host"]) for one in hosts if one["result"] == "proven"),
        differences=together(differences(declaration, hosts, composed, suites)),
        unproved=tuple(unproved),
        layers={(one["from"], one["to"]): one["layers"] for one in zones},
        removed=_removed(suites),
        packets=_packets(suites) if suites else None,
    )


def _packets(suites: list[dict[str, Any]]) -> Packets:
    counts = [sum(int(one[name]) for one in suites) for name in ("sent", "passed", "dropped", "unaccounted")]
    return Packets(*counts)


def _removed(suites: list[dict[str, Any]]) -> dict[Pair, dict[str, Removed]]:
    found: dict[Pair, dict[str, Removed]] = {}
    for pair, attempt in _attempts(suites):
        layers = found.setdefault(pair, {})
        for layer in attempt["layers"]:
            removed = layers.setdefault(layer, Removed())
            removed.tried += 1
            removed.held += attempt["without"][layer] not in ("reached", "lost")
            removed.alone += attempt["alone"][layer] == layer
    return found


def _attempts(suites: list[dict[str, Any]]) -> Iterator[tuple[Pair, dict[str, Any]]]:
    """Every attempt of the suite that takes layers away, with its zones; that suite names segments."""
    for suite in suites:
        for cell in suite.get("cells", []):
            for attempt in cell["attempts"]:
                yield (cell["source"].partition(".")[0], cell["destination"].partition(".")[0]), attempt
