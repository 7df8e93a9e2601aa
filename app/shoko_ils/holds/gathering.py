"""What one patron wishes at the hold counter: the sitting, and the items scanned for a group that is not placed yet.

The form carries it, signed, as it carries the sitting alone on the lending window: no table remembers it.
"""

from dataclasses import dataclass, replace

from django.core import signing

from shoko_ils.counter.sitting import Sitting
from shoko_ils.staff.models import StaffAccount

SALT = "shoko.gathering"
MOST = 20


@dataclass(frozen=True)
class Gathering:
    """`barcodes`: items whose titles or issues belong together, in the order in which they were scanned."""

    sitting: Sitting
    barcodes: tuple[str, ...] = ()

    def with_item(self, barcode: str) -> "Gathering":
        """One more; the same one again changes nothing."""
        return replace(self, barcodes=tuple(dict.fromkeys((*self.barcodes, barcode))))

    def token(self, staff: StaffAccount) -> str:
        """What the form carries; worthless to another person at the counter."""
        return signing.dumps([self.sitting.token(staff), self.barcodes], salt=SALT, compress=True)

    @classmethod
    def read(cls, token: str, staff: StaffAccount) -> "Gathering | None":
        """None: none, lapsed, not ours, or its card ended meanwhile."""
        try:
            of_sitting, barcodes = signing.loads(token, salt=SALT)
        except signing.BadSignature:
            return None
        sitting = Sitting.read(of_sitting, staff)
        return cls(sitting, tuple(barcodes)) if sitting else None
