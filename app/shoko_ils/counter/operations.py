"""Barcodes of the desk sheet: four digits that stand for a key, so that no hand leaves the scanner."""

from enum import StrEnum


class Operation(StrEnum):
    LEND = "9002"
    RETURN = "9003"
    HOLD_BACK = "9006"
    UNDO = "9008"
    RENEW = "9010"
    FINISH = "9011"
    YES = "9012"
    NO = "9013"


def operation(scan: str) -> Operation | None:
    """The operation of a scan, or None: a card, an item or anything else."""
    return Operation(scan) if scan in set(Operation) else None
