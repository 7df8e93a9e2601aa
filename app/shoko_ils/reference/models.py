"""Reference questions, what was looked up for them, and published cases."""

from django.db import models
from django.db.models import Q

from shoko_ils.core.models import Library
from shoko_ils.patrons.models import Patron


class Question(models.Model):
    """A reference question. The questioner class of S4:L215 is kept of all, the person only of a question by web.

    The person leaves the row ninety days after the answer (`tidy`), or with the registration.
    """

    class Channel(models.TextChoices):
        """受付方法: 窓口, 電話, メール・Web."""

        COUNTER = "counter"
        PHONE = "phone"
        WEB = "web"

    class Questioner(models.TextChoices):
        """質問者区分: 一般, 学生, 高校生, 中学生, 小学生以下, その他 (S4:L215)."""

        GENERAL = "general"
        STUDENT = "student"
        HIGH_SCHOOL = "high-school"
        JUNIOR_HIGH = "junior-high"
        PRIMARY = "primary"
        OTHER = "other"

    key = models.UUIDField(unique=True, help_text="of the form that asked")
    channel = models.CharField(max_length=7, choices=Channel.choices)
    questioner = models.CharField(max_length=11, choices=Questioner.choices)
    question = models.TextField(max_length=2000)
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    patron = models.ForeignKey(Patron, null=True, on_delete=models.SET_NULL, related_name="questions")
    received_on = models.DateField()
    received_by = models.CharField(max_length=40, blank=True, db_default="", help_text="log-in ID; empty: by web")
    answer = models.TextField(max_length=8000, blank=True, db_default="")
    answered_on = models.DateField(null=True)
    answered_by = models.CharField(max_length=40, blank=True, db_default="", help_text="log-in ID")

    class Meta:
        db_table = "reference_question"
        indexes = (models.Index(fields=("patron",), condition=Q(patron__isnull=False), name="question_of_patron"),)
        constraints = (
            models.CheckConstraint(name="question_channel", condition=Q(channel__in=["counter", "phone", "web"])),
            models.CheckConstraint(
                name="question_questioner",
                condition=Q(questioner__in=["general", "student", "high-school", "junior-high", "primary", "other"]),
            ),
            models.CheckConstraint(name="question_text", condition=~Q(question="")),
            models.CheckConstraint(
                name="question_person_only_by_web", condition=Q(patron__isnull=True) | Q(channel="web")
            ),
            models.CheckConstraint(
                name="question_answered",
                condition=Q(answer="", answered_on__isnull=True, answered_by="")
                | Q(answer__gt="", answered_on__isnull=False, answered_by__gt=""),
            ),
        )

    def __str__(self) -> str:
        return f"question {self.pk}"


class Investigation(models.Model):
    """One step of looking it up (調査記録)."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="investigations")
    note = models.TextField(max_length=4000)
    noted_on = models.DateField()
    noted_by = models.CharField(max_length=40, help_text="log-in ID")

    class Meta:
        db_table = "reference_investigation"
        ordering = ("pk",)
        constraints = (models.CheckConstraint(name="investigation_note", condition=~Q(note="")),)

    def __str__(self) -> str:
        return f"investigation {self.pk}"


class Case(models.Model):
    """A published case (事例): written anew by staff, with no column for a person and no way back to the question."""

    key = models.UUIDField(unique=True, help_text="of the form that published it")
    question = models.TextField(max_length=2000)
    answer = models.TextField(max_length=8000)
    sources = models.TextField(max_length=4000, blank=True, db_default="")
    ndc = models.CharField(max_length=10, blank=True, db_default="")
    # question and answer, folded as the catalogue folds
    folded = models.TextField()
    published_on = models.DateField()

    class Meta:
        db_table = "reference_case"
        constraints = (models.CheckConstraint(name="case_text", condition=~Q(question="") & ~Q(answer="")),)

    def __str__(self) -> str:
        return f"case {self.pk}"
