"""Accounts of staff: one per person (S1:L25, S1:L31), four permission levels (S1:L33)."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import BaseUserManager
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone

from shoko_ils.core.models import Library


class Level(models.IntegerChoices):
    """業務実施権限区分: 1 everything, 2 all but codes, 3 trainee at the counter, 4 counter with limits."""

    MANAGER = 1
    OFFICER = 2
    TRAINEE = 3
    ASSISTANT = 4


class StaffManager(BaseUserManager["StaffAccount"]):
    """Finds accounts by their ID, which is what is typed at log-in."""

    def in_force(self) -> QuerySet["StaffAccount"]:
        """Accounts of today: from 登録日 on, and until the day before 抹消日."""
        today = timezone.localdate()
        return self.filter(Q(removed_on__isnull=True) | Q(removed_on__gt=today), registered_on__lte=today)


class StaffAccount(AbstractBaseUser):
    """A person who works at a counter (氏名, 所属, ID, 登録日, 抹消日, 業務実施権限).

    From `removed_on` on nobody logs in; then the password goes, and the row stays as a tombstone, so that the ID is
    never used again. 性別 of S1:L31 is not stored: nothing needs it.
    """

    last_login = None  # the audit has the log-ins; a second record would only disagree
    login_id = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    section = models.CharField(max_length=80, blank=True)
    job_class = models.SlugField(max_length=40, blank=True, db_default="", help_text="職種: site data, see jobs")
    post = models.SlugField(max_length=40, blank=True, db_default="", help_text="職位")
    level = models.PositiveSmallIntegerField(choices=Level.choices)
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    registered_on = models.DateField()
    removed_on = models.DateField(null=True, blank=True)
    password_changed_on = models.DateField(null=True, blank=True)
    initial_password = models.BooleanField(default=False, db_default=False, help_text="to be changed at log-in")
    card = models.CharField(max_length=9, unique=True, null=True, blank=True, help_text="number of the staff card")
    failed_logins = models.PositiveSmallIntegerField(default=0)
    refused_until = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "login_id"
    objects = StaffManager()

    class Meta:
        db_table = "staff_account"
        constraints = (
            models.CheckConstraint(name="staff_level", condition=Q(level__gte=1, level__lte=4)),
            models.CheckConstraint(
                name="staff_removed_after_registration",
                condition=Q(removed_on__isnull=True) | Q(removed_on__gte=models.F("registered_on")),
            ),
        )

    def __str__(self) -> str:
        return self.login_id

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        today = timezone.localdate()
        return self.registered_on <= today and (self.removed_on is None or self.removed_on > today)
