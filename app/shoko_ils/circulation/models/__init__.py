"""Loan rules, loans and what is kept beside them."""

from shoko_ils.circulation.models.block import LendingBlock
from shoko_ils.circulation.models.case import ReturnCase
from shoko_ils.circulation.models.case_file import PHOTOS, CaseContact, CasePhoto
from shoko_ils.circulation.models.closing import ClosingNotice
from shoko_ils.circulation.models.count import DayCount
from shoko_ils.circulation.models.lending_set import LendingSet, LendingSetItem
from shoko_ils.circulation.models.loan import Loan, ScanReceipt
from shoko_ils.circulation.models.overdue import OverdueContact, OverdueStage
from shoko_ils.circulation.models.paper import PaperBatch, PaperSlip
from shoko_ils.circulation.models.rule import LoanRule
from shoko_ils.circulation.models.statistics import ItemMonth, LendingFact, LoanSpan

__all__ = [
    "PHOTOS",
    "CaseContact",
    "CasePhoto",
    "ClosingNotice",
    "DayCount",
    "ItemMonth",
    "LendingBlock",
    "LendingFact",
    "LendingSet",
    "LendingSetItem",
    "Loan",
    "LoanRule",
    "LoanSpan",
    "OverdueContact",
    "OverdueStage",
    "PaperBatch",
    "PaperSlip",
    "ReturnCase",
    "ScanReceipt",
]
