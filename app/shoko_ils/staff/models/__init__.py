"""Accounts of staff, what they may do, and by what they are recognised."""

from shoko_ils.staff.models.account import Level, StaffAccount
from shoko_ils.staff.models.authority import AssignedDuty, AuthorityRequest
from shoko_ils.staff.models.factor import RecoveryCode, StaffPin, StaffTotp, TerminalOpening

__all__ = [
    "AssignedDuty",
    "AuthorityRequest",
    "Level",
    "RecoveryCode",
    "StaffAccount",
    "StaffPin",
    "StaffTotp",
    "TerminalOpening",
]
