"""Whether two rulesets treat every packet alike, however they are written."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from shoko.proof import read as reading
from shoko.proof.boxes import Box, without
from shoko.proof.errors import ProofError
from shoko.proof.index import Index
from shoko.proof.interfaces import Interfaces
from shoko.proof.paths import PATHS, Path, accepted, translations
from shoko.proof.ruleset import Ruleset


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool | None:
    """Return whether two listings let the same packets through with the same changes; None if that cannot be told.

    Elements that expire count as absent.
    """
    try:
        names = Interfaces({*reading.names(one), *reading.names(other)})
        here, there = reading.read(one, names), reading.read(other, names)
        if here.unknown or there.unknown:
            return None
        return _equal(translations(here), translations(there)) and all(
            _equal(_passing(here, path), _passing(there, path)) for path in PATHS
        )
    except (ProofError, *reading.SHAPELESS):
        return None


_ByChange = dict[Hashable, list[Box]]


def _passing(ruleset: Ruleset, path: Path) -> _ByChange:
    found: _ByChange = {}
    for batch in accepted(ruleset, path):
        found.setdefault(tuple(sorted(batch.now.items())), []).extend(batch.boxes)
    return found


def _equal(one: Mapping[Any, list[Box]], other: Mapping[Any, list[Box]]) -> bool:
    return all(
        _covers(other.get(change, []), one.get(change, [])) and _covers(one.get(change, []), other.get(change, []))
        for change in {*one, *other}
    )


def _covers(known: Iterable[Box], boxes: Iterable[Box]) -> bool:
    index = Index(known)
    return not any(without(box, index.near(box)) for box in boxes)
