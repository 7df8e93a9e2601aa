"""Words of the screens of items for codes, in the order in which a screen offers them."""

from django.utils.translation import gettext as _

from shoko_ils.holdings.models import Item, ItemAct, ItemActLine

Words = dict[str, str]


def conditions() -> Words:
    return {
        Item.Condition.NORMAL: _("Normal"),
        Item.Condition.PROCESSING: _("In processing"),
        Item.Condition.DAMAGED: _("Damaged"),
        Item.Condition.MISSING: _("Missing"),
        Item.Condition.LOST: _("Lost"),
        Item.Condition.WITHDRAWN: _("Withdrawn from stock"),
    }


def sources() -> Words:
    return {
        Item.Source.PURCHASE: _("Purchase"),
        Item.Source.DONATION: _("Donation"),
        Item.Source.TRANSFER: _("Transfer from another institution"),
        Item.Source.OTHER: _("Other"),
    }


def withdrawals() -> Words:
    return {
        Item.Withdrawal.WORN: _("Worn or damaged"),
        Item.Withdrawal.LOST: _("Missing, not found"),
        Item.Withdrawal.NOT_RETURNED: _("Not returned"),
        Item.Withdrawal.COMPENSATED: _("Compensated"),
        Item.Withdrawal.OUTDATED: _("Out of date"),
        Item.Withdrawal.DUPLICATE: _("Too many copies"),
        Item.Withdrawal.TRANSFER: _("Given to another institution"),
        Item.Withdrawal.DISASTER: _("Disaster"),
        Item.Withdrawal.MISTAKEN: _("Accession by mistake"),
    }


def kinds() -> Words:
    return {
        ItemAct.Kind.ACCESSION: _("Accession"),
        ItemAct.Kind.EDIT: _("Change"),
        ItemAct.Kind.BULK: _("Change of many"),
        ItemAct.Kind.REASSIGN: _("Reassignment"),
        ItemAct.Kind.MISSING: _("Missing"),
        ItemAct.Kind.FOUND: _("Found again"),
        ItemAct.Kind.WITHDRAW: _("Withdrawal"),
        ItemAct.Kind.REVERT: _("Revert"),
    }


def outcomes() -> Words:
    """Of a line of an act; a refused one has a word of `refusals` besides."""
    return {
        ItemActLine.Outcome.MADE: _("taken in"),
        ItemActLine.Outcome.CHANGED: _("changed"),
        ItemActLine.Outcome.SAME: _("was so already"),
        ItemActLine.Outcome.REFUSED: _("refused"),
        ItemActLine.Outcome.UNKNOWN: _("unknown number"),
        ItemActLine.Outcome.REPEATED: _("given twice"),
    }


def refusals() -> Words:
    return {
        "on-loan": _("on loan"),
        "captured": _("captured for a hold"),
        "in-transit": _("in transit"),
        "withdrawn": _("withdrawn"),
        "lost": _("lost: see pending checks and compensation"),
        "not-missing": _("not missing"),
        "changed-since": _("changed since"),
    }


def columns() -> Words:
    """Names of the columns that an act changes."""
    return {
        "location_id": _("Shelving location"),
        "material_class_id": _("Material class"),
        "condition": _("Condition"),
        "library_use_only": _("Library use only"),
        "library_id": _("Owning library"),
        "at_library_id": _("Is at"),
        "call_number": _("Call number"),
        "issue": _("Issue"),
        "barcode": _("Item number"),
        "accompanying": _("Accompanying items"),
        "accompanying_count": _("Pieces"),
        "note": _("Note"),
        "source": _("Source"),
        "price": _("Price (yen)"),
        "withdrawn_on": _("Withdrawn on"),
        "withdrawal_reason": _("Reason for withdrawal"),
    }
