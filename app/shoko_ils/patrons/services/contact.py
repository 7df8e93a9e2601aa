"""How a patron wishes to be told, by the patron's own word (S4:L221-229)."""

import uuid

from shoko_ils.audit import record as audit
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Notice
from shoko_ils.patrons import declared
from shoko_ils.patrons.models import Patron
from shoko_ils.patrons.services.write import Refused, locked, transact

CHANGED = "address-changed"


def ways(patron: Patron) -> frozenset[str]:
    """How the patron can be told, by what is on file; none where the site keeps no wish (連絡方法)."""
    if not declared.site().has("contact"):
        return frozenset()
    on_file = {Patron.Contact.EMAIL: patron.email, Patron.Contact.PHONE: patron.phone, Patron.Contact.NONE: "always"}
    return frozenset(way.value for way, known in on_file.items() if known)


def wish_contact(
    actor: audit.Actor, patron_id: int, contact: Patron.Contact, email: str, key: uuid.UUID, *, proved: bool
) -> Patron:
    """Note the way, and the address of mail of who wishes mail; nobody else's is kept.

    The address is what proves later who somebody is, so it changes only if it was `proved` who asks, and the former
    address is told of it. Repeatable by `key`. Raises Refused: "no-phone", "not-proved"; PatronGone.
    """
    wanted = email if contact == Patron.Contact.EMAIL else ""

    def operation() -> Patron:
        patron = locked(patron_id)
        if (patron.contact, patron.email) == (contact, wanted):
            return patron
        if contact == Patron.Contact.PHONE and not patron.phone:
            raise Refused("no-phone")
        former = patron.email if patron.email != wanted else ""
        if patron.email != wanted and not proved:
            raise Refused("not-proved")
        patron.contact, patron.email = contact, wanted
        patron.save(update_fields=["contact", "email"])
        if former:
            # the matter is this change: a number of its own, so that the next change settles nothing of it
            notices.put(
                CHANGED, key.int >> 65, patron, patron.library, once=key.hex, way=Notice.Way.MAIL, address=former
            )
        audit.write(actor, "change-contact", "my-library", [patron.pseudonym])
        return patron

    return transact(operation)
