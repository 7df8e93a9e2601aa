"""By what a person is recognised besides the password, and which terminals are open today.

The rows of a person go on the day of 抹消日.
"""

from django.db import models
from django.db.models import Q

from shoko_ils.core.models import Library
from shoko_ils.staff.models.account import StaffAccount


class StaffPin(models.Model):
    """Four to six digits for counter work under the own staff card (S1:L25); `failed` at 5 shuts it."""

    account = models.OneToOneField(StaffAccount, on_delete=models.CASCADE, primary_key=True, related_name="pin")
    pin = models.CharField(max_length=200, help_text="hash")
    failed = models.PositiveSmallIntegerField(default=0)
    changed_on = models.DateField()

    class Meta:
        db_table = "staff_pin"
        constraints = (models.CheckConstraint(name="staff_pin_hashed", condition=Q(pin__contains="$")),)

    def __str__(self) -> str:
        return "PIN"


class StaffTotp(models.Model):
    """Secret of the one-time codes (RFC 6238). `last_step` keeps a code from being used twice."""

    account = models.OneToOneField(StaffAccount, on_delete=models.CASCADE, primary_key=True, related_name="totp")
    secret = models.CharField(max_length=64)
    confirmed_on = models.DateField(null=True, blank=True)
    last_step = models.BigIntegerField(default=0)

    class Meta:
        db_table = "staff_totp"

    def __str__(self) -> str:
        return "TOTP"


class RecoveryCode(models.Model):
    """A code on paper for the day on which the telephone is at home; works once."""

    account = models.ForeignKey(StaffAccount, on_delete=models.CASCADE, related_name="recovery_codes")
    code = models.CharField(max_length=200, help_text="hash")

    class Meta:
        db_table = "staff_recovery_code"
        constraints = (models.CheckConstraint(name="staff_recovery_code_hashed", condition=Q(code__contains="$")),)

    def __str__(self) -> str:
        return "recovery code"


class TerminalOpening(models.Model):
    """That an officer has opened a terminal for a day by a full log-in: cards and PINs work on it then."""

    terminal = models.UUIDField()
    day = models.DateField()
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    opened_by = models.ForeignKey(StaffAccount, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "terminal_opening"
        constraints = (models.UniqueConstraint(fields=("terminal", "day"), name="terminal_opening_once"),)

    def __str__(self) -> str:
        return f"{self.day}"
