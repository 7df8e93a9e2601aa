"""What the public sees of a record's copies: where each stands, and whether it is in."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import cached_property

from shoko_ils.catalog.models import Heading, Record
from shoko_ils.catalog.words import role_name
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Availability, Item


class State(StrEnum):
    """Words of the public for a copy; the templates translate them."""

    IN = "in"
    OUT = "out"
    # on the hold shelf for somebody
    HELD = "held"
    MOVING = "moving"
    LIBRARY_ONLY = "library-only"
    PROCESSING = "processing"
    MISSING = "missing"


@dataclass(frozen=True)
class Copy:
    """One copy; `due_on` only while it is out."""

    item: Item
    state: State
    due_on: dt.date | None

    @classmethod
    def of(cls, item: Item) -> "Copy":
        try:
            return cls(item, State.OUT, item.availability.due_on)
        except Availability.DoesNotExist:
            return cls(item, cls._in_house(item), None)

    @staticmethod
    def _in_house(item: Item) -> State:
        if item.condition == Item.Condition.PROCESSING:
            return State.PROCESSING
        if item.condition == Item.Condition.MISSING:
            return State.MISSING
        bound = getattr(item, "bound", None)
        if bound is not None:
            return State.HELD if bound.why == "held" else State.MOVING
        if item.at_library_id != item.library_id:
            return State.MOVING
        return State.LIBRARY_ONLY if item.library_use_only else State.IN


@dataclass(frozen=True)
class Branch:
    """A record's copies of one library."""

    library: Library
    copies: tuple[Copy, ...]

    @property
    def best(self) -> State:
        """The state that a reader cares for: something is in, or else what the first copy is."""
        states = [copy.state for copy in self.copies]
        return State.IN if State.IN in states else states[0]


class Entry:
    """A record as a list or a page shows it; expects it from `catalog.search.for_list`."""

    def __init__(self, record: Record) -> None:
        self.record = record

    @cached_property
    def copies(self) -> list[Copy]:
        return [Copy.of(item) for item in self.record.items.all()]

    @cached_property
    def branches(self) -> list[Branch]:
        by_library: dict[Library, list[Copy]] = {}
        for copy in self.copies:
            by_library.setdefault(copy.item.library, []).append(copy)
        return [Branch(library, tuple(copies)) for library, copies in by_library.items()]

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
