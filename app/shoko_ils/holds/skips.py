"""Why a waiting hold is passed over."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Skip(StrEnum):
    """The reason; the hold keeps its rank."""

    NONE = ""
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    BLOCKED = "blocked"
    LIMIT = "limit"
    # 順番予約: an earlier volume is not ready yet
    SEQUENCE = "sequence"
    # どれか1冊: a copy of another title of the group is captured
    EITHER = "either"
    # no rule lends this class of item to this category at the pickup place
    NO_RULE = "no-rule"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A waiting hold as the walk through its queue sees it; `recorded` is the reason last written down for it."""

    hold_id: int
    patron_id: int
    category_id: int
    pickup_library_id: int
    pickup_point_id: int | None
    skip: str
    recorded: str

    def skipped(self, reason: Skip) -> "Candidate":
        return replace(self, skip=reason.value) if reason else self
