"""Passwords and codes of citizens: what is typed, stretched, and how long it counts."""

import hashlib
import secrets
import unicodedata

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

MIN_LENGTH, RECOMMENDED_LENGTH = 8, 12
# without 0 O 1 I L, which look alike on a postcard
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 10
# N of scrypt; 16 MiB for each try of a password
WORK = 2**14


def clean(typed: str) -> str:
    """A password as it counts: full width is the same as half width, so that no keyboard locks anybody out."""
    return unicodedata.normalize("NFKC", typed)


def problem(password: str, card: str) -> str:
    """Why a new password is refused: short, common or card; empty if it is not."""
    if len(password) < MIN_LENGTH:
        return "short"
    if card in password:
        return "card"
    try:
        CommonPasswordValidator().validate(password)
    except ValidationError:
        return "common"
    return ""


def stretch(password: str, salt: str) -> bytes:
    """32 bytes by scrypt (RFC 7914; r 8, p 5: with WORK the parameters of Django's hasher); `salt` is hexadecimal."""
    return hashlib.scrypt(
        password.encode(), salt=bytes.fromhex(salt), n=WORK, r=8, p=5, maxmem=64 * 1024 * 1024, dklen=32
    )


def verifier(password: str, salt: str) -> bytes:
    """What the database keeps to check a stretched password against."""
    return hashlib.sha256(stretch(password, salt)).digest()


def new_salt() -> str:
    return secrets.token_hex(16)


def new_code() -> str:
    """Ten letters and figures, 49 bits: for a slip, a postcard or a mail."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))


def clean_code(typed: str) -> str:
    """A code as it was printed: without the blanks and dashes that people add, in capitals."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", typed).upper() if letter.isalnum())
