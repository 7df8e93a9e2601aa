"""Second factor, recovery codes, PIN and password of a person."""

import secrets

import pyotp
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from shoko_ils.staff import policy
from shoko_ils.staff.models import RecoveryCode, StaffAccount, StaffPin, StaffTotp

RECOVERY_CODES = 8
RECOVERY_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
MAX_WRONG_PINS = 5
PIN_DIGITS = range(4, 7)


class PinShut(Exception):
    """Five wrong PINs: only a full log-in sets a new one."""


def change_password(account: StaffAccount, password: str) -> None:
    """Set a person's own password; raises ValidationError with what is wrong about it."""
    validate_password(password, account)
    account.set_password(password)
    account.initial_password, account.password_changed_on = False, timezone.localdate()
    account.save(update_fields=["password", "initial_password", "password_changed_on"])


def give_initial_password(account: StaffAccount) -> str:
    """A random password, to be handed over on paper and changed at the first log-in."""
    password = "-".join("".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(4)) for _ in range(4))
    account.set_password(password)
    account.initial_password = True
    account.save(update_fields=["password", "initial_password"])
    return password


def has_second_factor(account: StaffAccount) -> bool:
    return StaffTotp.objects.filter(account=account, confirmed_on__isnull=False).exists()


def lacks_one(account: StaffAccount) -> bool:
    """Whether the site asks for a second factor that this person has not set up."""
    return policy.second_factor_required() and not has_second_factor(account)


def begin_totp(account: StaffAccount) -> str:
    """A secret in base 32 to be photographed, the same until `confirm_totp`; empty if one is in use."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT staff_totp_begin(%s, %s)", [account.pk, pyotp.random_base32()])
        return cursor.fetchone()[0] or ""


@transaction.atomic
def confirm_totp(account: StaffAccount, code: str) -> list[str]:
    """Take the second factor into use with a first code; the recovery codes, shown this once. Empty: wrong code."""
    if not _use(account, code, first=True):
        return []
    RecoveryCode.objects.filter(account=account).delete()
    codes = ["".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create([RecoveryCode(account=account, code=make_password(each)) for each in codes])
    return codes


@transaction.atomic
def check_second_factor(account: StaffAccount, code: str) -> bool:
    """A code of the clock, not used before, or a recovery code, which is spent by it."""
    given = code.replace(" ", "").replace("-", "").lower()
    if given.isascii() and given.isdigit() and len(given) == 6:
        return _use(account, given)
    if not has_second_factor(account):
        return False
    for each in RecoveryCode.objects.select_for_update().filter(account=account):
        if check_password(given, each.code):
            each.delete()
            return True
    return False


def _use(account: StaffAccount, code: str, *, first: bool = False) -> bool:
    """Whether the code is right and of a step after the last one used, which it then is; the database compares."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT staff_totp_use(%s, %s, %s)", [account.pk, code, first])
        return bool(cursor.fetchone()[0])


def set_pin(account: StaffAccount, pin: str) -> None:
    """Four to six digits, not all the same and not a run; raises ValueError. Only asked after a full log-in."""
    runs = "0123456789", "9876543210"
    if not (pin.isascii() and pin.isdigit() and len(pin) in PIN_DIGITS):
        raise ValueError("digits")
    if len(set(pin)) == 1 or any(pin in run for run in runs):
        raise ValueError("simple")
    StaffPin.objects.update_or_create(
        account=account, defaults={"pin": make_password(pin), "failed": 0, "changed_on": timezone.localdate()}
    )


@transaction.atomic
def set_card_and_pin(account: StaffAccount, card: str, pin: str) -> None:
    """The staff card of a person and the PIN to it; raises as `set_pin`, and IntegrityError for another's card."""
    StaffAccount.objects.filter(pk=account.pk).update(card=card)
    set_pin(account, pin)


def check_pin(account: StaffAccount, pin: str) -> bool:
    """Whether it is this person's PIN; raises PinShut after five wrong ones.

    The try is counted before the PIN is looked at, in a transaction of its own: many at once are no more tries.
    """
    if not StaffPin.objects.filter(account=account, failed__lt=MAX_WRONG_PINS).update(failed=F("failed") + 1):
        if StaffPin.objects.filter(account=account).exists():
            raise PinShut
        make_password(pin)  # as slow as a check
        return False
    row = StaffPin.objects.get(account=account)
    if not check_password(pin, row.pin):
        return False
    StaffPin.objects.filter(account=account).update(failed=0)
    return True
