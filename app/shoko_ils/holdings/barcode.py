"""Numbers that scanners read: ten digits on items, eight on patron, nine on staff cards, seven on sets of items.

The last one is a check digit.
"""

import re
import unicodedata

ITEM_DIGITS = 10
CARD_DIGITS = 8
STAFF_DIGITS = 9
SET_DIGITS = 7


def check_digit(digits: str) -> str:
    """Modulus 10, weights 2 and 1 from the right (ISO/IEC 7812-1 annex B): finds any one wrong digit."""
    total = 0
    for position, char in enumerate(reversed(digits)):
        value = int(char) * (2 if position % 2 == 0 else 1)
        total += value // 10 + value % 10
    return str(-total % 10)


def with_check_digit(digits: str) -> str:
    return digits + check_digit(digits)


def is_valid(number: str) -> bool:
    """Whether the last digit is right for the others."""
    return number.isascii() and number.isdigit() and number[-1] == check_digit(number[:-1])


def clean_scan(raw: str) -> str:
    """What was meant: full width folded, blanks dropped, NW-7 start and stop letters (A to D) taken off."""
    text = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", raw)).upper()
    framed = re.fullmatch(r"[A-D](\d+)[A-D]", text)
    return framed.group(1) if framed else text


def is_item(number: str) -> bool:
    return len(number) == ITEM_DIGITS and is_valid(number)


def is_card(number: str) -> bool:
    return len(number) == CARD_DIGITS and is_valid(number)


def is_like_card(number: str) -> bool:
    """Eight digits with a wrong check digit: a patron card that the scanner misread, or a hand mistyped."""
    return len(number) == CARD_DIGITS and number.isascii() and number.isdigit() and not is_valid(number)


def is_set(number: str) -> bool:
    return len(number) == SET_DIGITS and is_valid(number)


def is_staff_card(number: str) -> bool:
    return len(number) == STAFF_DIGITS and is_valid(number)
