"""Bibliographic records (書誌) and authority records (典拠)."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Agent(models.Model):
    """Authority record of a person or body, with its reading."""

    name = models.CharField(max_length=120)
    name_reading = models.CharField(max_length=120)
    name_roman = models.CharField(max_length=120, blank=True)
    # years tell namesakes apart; only of the dead, the living owe us no date
    born = models.PositiveSmallIntegerField(null=True, blank=True)
    died = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        db_table = "agent"
        constraints = (
            models.CheckConstraint(
                name="agent_birth_only_of_the_dead",
                condition=models.Q(born__isnull=True) | models.Q(died__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.name


class Record(models.Model):
    """A bibliographic record; the `*_key` columns are folded by `normalise.fold` whenever it is saved."""

    source_id = models.CharField(max_length=40, unique=True, help_text="e.g. aozora:001567")
    title = models.CharField(max_length=200)
    title_reading = models.CharField(max_length=200)
    subtitle = models.CharField(max_length=200, blank=True)
    subtitle_reading = models.CharField(max_length=200, blank=True)
    original_title = models.CharField(max_length=300, blank=True)
    # NDC classes, the children's prefix K taken off
    ndc = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    for_children = models.BooleanField(default=False)
    orthography = models.CharField(max_length=20, blank=True)
    host_title = models.CharField(max_length=200, blank=True, help_text="the printed book it stands in")
    publisher = models.CharField(max_length=80, blank=True)
    published = models.PositiveSmallIntegerField(null=True, blank=True, help_text="year")
    added_on = models.DateField(help_text="day of accession, for the list of new arrivals")
    agents = models.ManyToManyField(Agent, through="Contribution", related_name="records")

    sort_key = models.CharField(max_length=200, help_text="reading in filing order")
    title_key = models.CharField(max_length=400)
    reading_key = models.CharField(max_length=400)
    search_text = models.TextField(help_text="all searched fields, folded, one a line")
    grams = ArrayField(models.CharField(max_length=2), help_text="characters and pairs of search_text")

    class Meta:
        db_table = "record"
        indexes = (
            GinIndex(fields=("grams",), name="record_grams", fastupdate=False),
            models.Index(fields=("-added_on", "id"), name="record_new"),
        )

    def __str__(self) -> str:
        return self.title


class Contribution(models.Model):
    """Who did what for a record."""

    class Role(models.TextChoices):
        AUTHOR = "author"
        TRANSLATOR = "translator"
        REVISER = "reviser"
        EDITOR = "editor"

    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="contributions")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="contributions")
    role = models.CharField(max_length=12, choices=Role.choices)
    position = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "contribution"
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("record", "agent", "role"), name="contribution_once"),
            models.CheckConstraint(
                name="contribution_role",
                condition=models.Q(role__in=["author", "translator", "reviser", "editor"]),
            ),
        )

    def __str__(self) -> str:
        return f"{self.agent} ({self.role})"
