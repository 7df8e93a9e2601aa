"""Changes of rights, each asked for by one person and confirmed by another; duties assigned to a person."""

from django.db import models
from django.db.models import F, Q

from shoko_ils.core.models import Library
from shoko_ils.staff.models.account import StaffAccount


class AuthorityRequest(models.Model):
    """One change of an account's rights. It takes effect through the database's own function, see migration 0003.

    Whoever confirms is another person than whoever asked, and neither is the one it is about.
    """

    class Kind(models.TextChoices):
        REGISTER = "register"
        CHANGE = "change"
        GRANT = "grant"
        REVOKE = "revoke"
        END = "end"
        FACTOR = "factor"

    class Reason(models.TextChoices):
        """採用, 異動, 担当替え, 退職・契約終了, 事故・不正の疑い, 電話機・コードの紛失."""

        JOINED = "joined"
        MOVED = "moved"
        DUTY = "duty"
        LEFT = "left"
        INCIDENT = "incident"
        LOST = "lost"

    key = models.UUIDField(unique=True, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    reason = models.CharField(max_length=8, choices=Reason.choices)
    account = models.ForeignKey(StaffAccount, null=True, on_delete=models.PROTECT, related_name="authority_requests")
    login_id = models.CharField(max_length=40)
    name = models.CharField(max_length=80, blank=True, db_default="")
    section = models.CharField(max_length=80, blank=True, db_default="")
    job_class = models.SlugField(max_length=40, blank=True, db_default="")
    post = models.SlugField(max_length=40, blank=True, db_default="")
    level = models.PositiveSmallIntegerField(null=True, blank=True)
    library = models.ForeignKey(Library, null=True, on_delete=models.PROTECT, related_name="+")
    duty = models.SlugField(max_length=40, blank=True, db_default="")
    from_on = models.DateField()
    until_on = models.DateField(null=True, blank=True)
    requested_by = models.ForeignKey(StaffAccount, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(StaffAccount, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    refused_by = models.ForeignKey(StaffAccount, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "authority_request"
        constraints = (
            models.CheckConstraint(
                name="authority_request_two_persons",
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("requested_by")),
            ),
            models.CheckConstraint(
                name="authority_request_not_of_oneself",
                condition=Q(account__isnull=True)
                | (~Q(account=F("requested_by")) & (Q(confirmed_by__isnull=True) | ~Q(account=F("confirmed_by")))),
            ),
            models.CheckConstraint(
                name="authority_request_account_but_to_register",
                condition=Q(kind="register") | Q(account__isnull=False),
            ),
            models.CheckConstraint(
                name="authority_request_complete",
                condition=(
                    Q(kind__in=["register", "change"], level__isnull=False, library__isnull=False, name__gt="")
                    | Q(kind__in=["grant", "revoke"], duty__gt="")
                    | Q(kind__in=["end", "factor"])
                ),
            ),
            models.CheckConstraint(
                name="authority_request_confirmed",
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False, refused_by__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"request {self.pk} {self.kind}"


class AssignedDuty(models.Model):
    """担当業務 of a person of level 4, at his own library, from a day until a day."""

    account = models.ForeignKey(StaffAccount, on_delete=models.PROTECT, related_name="duties")
    duty = models.SlugField(max_length=40)
    from_on = models.DateField()
    until_on = models.DateField(null=True, blank=True, help_text="last day")

    class Meta:
        db_table = "assigned_duty"
        constraints = (
            models.UniqueConstraint(
                fields=("account", "duty"), condition=Q(until_on__isnull=True), name="assigned_duty_once"
            ),
        )

    def __str__(self) -> str:
        return self.duty
