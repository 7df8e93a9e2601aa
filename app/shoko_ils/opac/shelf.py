"""What the public sees of a record's copies: where each stands, and whether it is in."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from shoko_ils.catalog.models import Heading, Record
from shoko_ils.catalog.words import material_name, role_name
from shoko_ils.core.models import Library
from shoko_ils.holdings import issues
from shoko_ils.holdings.models import Item


class State(StrEnum):
    """Where a copy is, as the public is told."""

    IN = "in"
    OUT = "out"
    # on the hold shelf for somebody
    HELD = "held"
    MOVING = "moving"
    LIBRARY_ONLY = "library-only"
    PROCESSING = "processing"
    MISSING = "missing"

    @property
    def word(self) -> str:
        return str(WORDS[self])


WORDS = {
    State.IN: _("On shelf"),
    State.OUT: _("On loan"),
    State.HELD: _("Ready for a hold"),
    State.MOVING: _("In transit"),
    State.LIBRARY_ONLY: _("Library use only"),
    State.PROCESSING: _("In processing"),
    State.MISSING: _("Missing"),
}


@dataclass(frozen=True)
class Copy:
    """One copy; `due_on` only while it is out."""

    item: Item
    state: State
    due_on: dt.date | None

    @classmethod
    def of(cls, item: Item) -> "Copy":
        """The copy of an item that `catalog.listing` or `catalog.search.for_list` has read."""
        due_on: dt.date | None = item.due_on  # type: ignore[attr-defined]
        return cls(item, cls._in_house(item) if due_on is None else State.OUT, due_on)

    @staticmethod
    def _in_house(item: Item) -> State:
        if item.condition == Item.Condition.PROCESSING:
            return State.PROCESSING
        if item.condition == Item.Condition.MISSING:
            return State.MISSING
        if item.bound_as is not None:  # type: ignore[attr-defined]
            return State.HELD if item.bound_as == "held" else State.MOVING  # type: ignore[attr-defined]
        if item.at_library_id != item.library_id:
            return State.MOVING
        return State.LIBRARY_ONLY if item.library_use_only else State.IN


@dataclass(frozen=True)
class Issue:
    """An issue (号) of a magazine, its copies, and how many holds wait for it."""

    label: str
    copies: tuple[Copy, ...]
    waiting: int

    @property
    def can_hold(self) -> bool:
        return any(map(lendable, self.copies))


def lendable(copy: Copy) -> bool:
    return not copy.item.library_use_only


def by_issue(entry: "Entry", waiting: dict[str, int]) -> list[Issue]:
    """The issues of a magazine, the newest first; none of anything else. `waiting`: holds by issue.

    Expects the record of a page of its own (`catalog.search.for_list`): a list does not say which issue a copy is.
    """
    copies: dict[str, list[Copy]] = {}
    for copy in entry.copies:
        if copy.item.issue:
            copies.setdefault(copy.item.issue, []).append(copy)
    newest_first = sorted(copies, key=issues.order, reverse=True)
    return [Issue(label, tuple(copies[label]), waiting.get(label, 0)) for label in newest_first]


@dataclass
class Branch:
    """A record's copies of one library."""

    library: Library
    copies: tuple[Copy, ...]

    @cached_property
    def best(self) -> State:
        """The state that a reader cares for: something is in, or else what the first copy is."""
        states = [copy.state for copy in self.copies]
        return State.IN if State.IN in states else states[0]


class Entry:
    """A record as a list or a page shows it; expects it from `catalog.listing` or `catalog.search.for_list`."""

    def __init__(self, record: Record) -> None:
        self.record = record

    @cached_property
    def copies(self) -> list[Copy]:
        return [Copy.of(item) for item in self.record.copies]  # type: ignore[attr-defined]

    @cached_property
    def branches(self) -> list[Branch]:
        by_library: dict[Library, list[Copy]] = {}
        for copy in self.copies:
            by_library.setdefault(copy.item.library, []).append(copy)
        return [Branch(library, tuple(copies)) for library, copies in by_library.items()]

    @property
    def material(self) -> str:
        return material_name(self.record.material)

    @property
    def waiting(self) -> int:
        """Holds that wait for a copy."""
        number: int = self.record.waiting  # type: ignore[attr-defined]
        return number

    @cached_property
    def in_count(self) -> int:
        return sum(copy.state is State.IN for copy in self.copies)

    @cached_property
    def names(self) -> list[tuple[Heading, str]]:
        """Persons and bodies, each with the word for what it did."""
        return [(heading, role_name(heading.role, heading.role_text)) for heading in self.record.names]  # type: ignore[attr-defined]

    @property
    def shelf_class(self) -> str:
        """First figure of the NDC, for the colour of the placeholder cover."""
        return self.record.ndc[0][0] if self.record.ndc else "0"
