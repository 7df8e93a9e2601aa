"""Holds on titles, the copies captured for them, transits, and what the shelf and the pull list remember."""

from shoko_ils.holds.models.day import HoldDay
from shoko_ils.holds.models.hold import ENDED, SHELVED, WITH_COPY, Hold, State, shelf_label
from shoko_ils.holds.models.place import PullMiss, TakeOff, Transit
from shoko_ils.holds.models.record import HoldMove, WalkIn
from shoko_ils.holds.models.request import TitleRequest
from shoko_ils.holds.models.rule import HoldRule
from shoko_ils.holds.models.view import Bound, HoldCount

__all__ = [
    "ENDED",
    "SHELVED",
    "WITH_COPY",
    "Bound",
    "Hold",
    "HoldCount",
    "HoldDay",
    "HoldMove",
    "HoldRule",
    "PullMiss",
    "State",
    "TakeOff",
    "TitleRequest",
    "Transit",
    "WalkIn",
    "shelf_label",
]
