"""Exceptions to a rule (例外許可): who may allow one, why, and which stops it may pass."""

from dataclasses import dataclass
from enum import StrEnum

from django.core.exceptions import PermissionDenied

from shoko_ils.staff.access import OFFICERS
from shoko_ils.staff.models import StaffAccount


class PermitReason(StrEnum):
    """災害・事故, 授業・読書会, 来館困難・代理, 機器・回線障害, 責任者判断."""

    DISASTER = "disaster"
    COURSE = "course"
    CARER = "carer"
    SYSTEM = "system"
    OFFICER = "officer"


@dataclass(frozen=True)
class Permit:
    """An officer's leave to pass once the stops that were named to him (values of `Outcome`), and no other.

    Raises PermissionDenied for anybody else (S1:L33).
    """

    approver: StaffAccount
    reason: PermitReason
    stops: frozenset[str]

    def __post_init__(self) -> None:
        if self.approver.level not in OFFICERS or not self.approver.is_active:
            raise PermissionDenied("only levels 1 and 2 allow an exception")
