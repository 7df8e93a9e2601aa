"""Accounts of staff: one per person (S1:L25, S1:L31), four permission levels (S1:L33)."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import BaseUserManager
from django.db import models
from django.db.models import Q

from shoko_ils.core.models import Library


class Level(models.IntegerChoices):
    """業務実施権限区分: 1 everything, 2 all but codes, 3 trainee at the counter, 4 counter with limits."""

    MANAGER = 1
    OFFICER = 2
    TRAINEE = 3
    ASSISTANT = 4


class StaffManager(BaseUserManager["StaffAccount"]):
    """Finds accounts by their ID, which is what is typed at log-in."""


class StaffAccount(AbstractBaseUser):
    """A person who works at a counter. `removed_on` ends the account; the ID is never used again."""

    last_login = None  # the audit has the log-ins; a second record would only disagree
    login_id = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    section = models.CharField(max_length=80, blank=True)
    level = models.PositiveSmallIntegerField(choices=Level.choices)
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    registered_on = models.DateField()
    removed_on = models.DateField(null=True, blank=True)
    failed_logins = models.PositiveSmallIntegerField(default=0)
    refused_until = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "login_id"
    objects = StaffManager()

    class Meta:
        db_table = "staff_account"
        constraints = (models.CheckConstraint(name="staff_level", condition=Q(level__gte=1, level__lte=4)),)

    def __str__(self) -> str:
        return self.login_id

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.removed_on is None
