"""What the tests of the register of patrons share: free card numbers and a site that lists no guardian."""

import datetime as dt

from shoko_ils.holdings.barcode import with_check_digit

DAY = dt.timedelta(days=1)
# S4:L199-217 has no guardian; what the city stores beside it
CITY = {
    "items": [
        "number",
        "name",
        "birth_date",
        "address",
        "phone",
        "email",
        "loans",
        "password",
        "questioner_class",
        "question",
    ],
    "attributes": ["reading", "postal_code", "contact", "confirmed_on", "used_in", "notes", "group_contact"],
    "notes": [{"key": "mail-returned", "ja": "郵便物返戻", "en": "Mail came back"}],
}


def free_card(serial: int = 1) -> str:
    return with_check_digit(f"27{serial:05d}")
