"""Bibliographic records (書誌), authority records (典拠), and what keeps both true.

`Marc` holds the MARC record, which is the truth; `Record`, `Heading` and `Identifier` are extracted from it, and
`SearchDocument` from these. `store.py` is the only writer of all five.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from shoko_ils.catalog.extract import MATERIAL_CODES
from shoko_ils.catalog.identifiers import Scheme


class Authority(models.Model):
    """Authority record (典拠) of a person, a corporate body or a subject."""

    class Kind(models.TextChoices):
        PERSON = "person"
        CORPORATE = "corporate"
        SUBJECT = "subject"

    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)
    name = models.CharField(max_length=300)
    name_reading = models.CharField(max_length=300, blank=True)
    name_roman = models.CharField(max_length=300, blank=True)
    # years tell namesakes apart; only of the dead, the living owe us no date
    born = models.PositiveSmallIntegerField(null=True, blank=True)
    died = models.PositiveSmallIntegerField(null=True, blank=True)
    number = models.CharField(max_length=60, blank=True, help_text="of the agency, as in $0: (JTNDL)00054222")
    note = models.TextField(blank=True, help_text="scope of a subject, source of a name")
    key = models.CharField(max_length=300, help_text="folded name")
    version = models.PositiveIntegerField(default=1)
    see_also = models.ManyToManyField("self", blank=True, db_table="authority_see_also")

    class Meta:
        db_table = "authority"
        indexes = (models.Index(fields=("kind", "key"), name="authority_key"),)
        constraints = (
            models.CheckConstraint(
                name="agent_birth_only_of_the_dead", condition=Q(born__isnull=True) | Q(died__isnull=False)
            ),
            models.CheckConstraint(name="authority_kind", condition=Q(kind__in=["person", "corporate", "subject"])),
            models.CheckConstraint(
                name="authority_years_of_persons", condition=Q(kind="person") | Q(died__isnull=True)
            ),
            models.UniqueConstraint(fields=("number",), condition=~Q(number=""), name="authority_number"),
        )

    def __str__(self) -> str:
        return self.name


class Reference(models.Model):
    """A form that is not used (を見よ参照); a search for it finds the works of the heading."""

    authority = models.ForeignKey(Authority, on_delete=models.CASCADE, related_name="references")
    name = models.CharField(max_length=300)
    name_reading = models.CharField(max_length=300, blank=True)
    key = models.CharField(max_length=300, help_text="folded name")

    class Meta:
        db_table = "authority_reference"
        ordering = ("name_reading", "name", "pk")
        indexes = (models.Index(fields=("key",), name="authority_reference_key"),)
        constraints = (models.UniqueConstraint(fields=("authority", "key"), name="authority_reference_once"),)

    def __str__(self) -> str:
        return self.name


class Record(models.Model):
    """A bibliographic record as extracted from its MARC; changed through `store` alone."""

    source_id = models.CharField(max_length=60, unique=True, help_text="agency and control number: aozora:001567")
    title = models.TextField()
    title_reading = models.TextField(blank=True)
    subtitle = models.TextField(blank=True)
    subtitle_reading = models.TextField(blank=True)
    volume = models.TextField(blank=True, help_text="as printed: 上, 第2巻")
    volume_order = models.IntegerField(null=True, blank=True, help_text="see volumes.order")
    original_title = models.TextField(blank=True)
    responsibility = models.TextField(blank=True)
    edition = models.TextField(blank=True)
    publisher = models.TextField(blank=True)
    place = models.TextField(blank=True)
    published = models.PositiveSmallIntegerField(null=True, blank=True, help_text="year")
    date_text = models.TextField(blank=True, help_text="date as printed")
    extent = models.TextField(blank=True)
    series = models.TextField(blank=True)
    series_volume = models.TextField(blank=True)
    series_order = models.IntegerField(null=True, blank=True)
    series_key = models.CharField(max_length=200, blank=True)
    host_title = models.TextField(blank=True, help_text="the printed book it stands in")
    language = models.CharField(max_length=3, blank=True)
    material = models.CharField(max_length=10, default="book")
    # NDC classes, the children's prefix K taken off
    ndc = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    ndlc = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    for_children = models.BooleanField(default=False)
    orthography = models.TextField(blank=True)
    summary = models.TextField(blank=True)
    contents = ArrayField(models.TextField(), default=list, blank=True)
    added_on = models.DateField(help_text="day of accession, for the list of new arrivals")
    sort_key = models.CharField(max_length=200, help_text="reading in filing order")
    title_key = models.CharField(max_length=400, help_text="folded title")
    volume_key = models.CharField(max_length=100, blank=True)

    class Meta:
        db_table = "record"
        indexes = (
            models.Index(fields=("-added_on", "id"), name="record_new"),
            models.Index(fields=("title_key", "volume_order"), name="record_volumes"),
            models.Index(fields=("series_key", "series_order"), condition=~Q(series_key=""), name="record_series"),
        )
        constraints = (
            models.CheckConstraint(name="record_has_a_title", condition=~Q(title="")),
            models.CheckConstraint(name="record_material", condition=Q(material__in=MATERIAL_CODES)),
        )

    def __str__(self) -> str:
        return self.title


class Marc(models.Model):
    """The MARC 21 record, ISO 2709 in UTF-8; `version` counts its changes."""

    record = models.OneToOneField(Record, on_delete=models.CASCADE, primary_key=True, related_name="marc")
    content = models.BinaryField()
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.CharField(max_length=40, help_text="log-in ID, or the command")
    batch = models.ForeignKey("ImportBatch", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "marc"
        indexes = (models.Index(fields=("batch",), condition=Q(batch__isnull=False), name="marc_of_batch"),)

    def __str__(self) -> str:
        return f"{self.record_id} v{self.version}"


class FormerMarc(models.Model):
    """What a MARC record was before a change; a merge and an import are undone from here."""

    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="former")
    version = models.PositiveIntegerField()
    content = models.BinaryField()
    changed_at = models.DateTimeField(help_text="when this version was made")
    changed_by = models.CharField(max_length=40)
    batch = models.ForeignKey("ImportBatch", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "former_marc"
        constraints = (models.UniqueConstraint(fields=("record", "version"), name="former_marc_once"),)

    def __str__(self) -> str:
        return f"{self.record_id} v{self.version}"


class Heading(models.Model):
    """A name or subject that a record is found by, and the authority record that controls it, if there is one."""

    class Role(models.TextChoices):
        AUTHOR = "author"
        TRANSLATOR = "translator"
        REVISER = "reviser"
        EDITOR = "editor"
        ILLUSTRATOR = "illustrator"
        OTHER = "other"
        SUBJECT = "subject"

    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="headings")
    authority = models.ForeignKey(Authority, null=True, on_delete=models.PROTECT, related_name="headings")
    kind = models.CharField(max_length=10, choices=Authority.Kind.choices)
    role = models.CharField(max_length=12, choices=Role.choices)
    role_text = models.CharField(max_length=60, blank=True, help_text="as printed")
    scheme = models.CharField(max_length=10, blank=True, help_text="list of subjects: bsh, ndlsh")
    position = models.PositiveSmallIntegerField()
    name = models.TextField()
    name_reading = models.TextField(blank=True)
    key = models.CharField(max_length=300)

    class Meta:
        db_table = "heading"
        ordering = ("position",)
        indexes = (models.Index(fields=("kind", "key"), name="heading_key"),)
        constraints = (
            models.UniqueConstraint(fields=("record", "position"), name="heading_once"),
            models.CheckConstraint(
                name="heading_role",
                condition=Q(kind="subject", role="subject")
                | Q(
                    kind__in=["person", "corporate"],
                    role__in=["author", "translator", "reviser", "editor", "illustrator", "other"],
                ),
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.role})"


class Identifier(models.Model):
    """ISBN, ISSN, 雑誌コード, JP number or bar code of a record, in the one form of `identifiers`."""

    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="identifiers")
    scheme = models.CharField(max_length=10, choices=[(scheme.value, scheme.value) for scheme in Scheme])
    value = models.CharField(max_length=20)

    class Meta:
        db_table = "identifier"
        indexes = (models.Index(fields=("scheme", "value"), name="identifier_value"),)
        constraints = (
            models.UniqueConstraint(fields=("record", "scheme", "value"), name="identifier_once"),
            models.CheckConstraint(
                name="identifier_form",
                condition=Q(scheme="isbn", value__regex="^97[89][0-9]{10}$")
                | Q(scheme="issn", value__regex="^[0-9]{4}-[0-9]{3}[0-9X]$")
                | Q(scheme="magazine", value__regex="^[0-9]{5}$")
                | Q(scheme="jp", value__regex="^[0-9]{6,10}$")
                | Q(scheme="jan", value__regex="^[0-9]{13}$"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"


class SearchDocument(models.Model):
    """Projection for searching and counting; it holds nothing that is not in the MARC.

    Lexemes and folded text stand in the side table of large values (migration 0005): the row itself is narrow.

    `libraries` and `copies` follow the items by a trigger (holdings migration 0002).
    """

    record = models.OneToOneField(Record, on_delete=models.CASCADE, primary_key=True, related_name="document")
    material = models.PositiveSmallIntegerField(help_text="place in MATERIAL_CODES")
    shelf_class = models.PositiveSmallIntegerField(null=True, help_text="first figure of the NDC")
    year = models.PositiveSmallIntegerField(null=True)
    language = models.CharField(max_length=3)
    libraries = ArrayField(models.IntegerField(), default=list)
    copies = models.PositiveIntegerField(default=0)
    built_with = models.PositiveSmallIntegerField(help_text="extract.VERSION")
    tokens = SearchVectorField()
    folded = models.TextField(help_text="searched fields, folded, one a line after the letter of the field")

    class Meta:
        db_table = "search_document"
        indexes = (GinIndex(fields=("tokens",), name="search_tokens"),)
        constraints = (
            models.CheckConstraint(
                name="search_shelf_class", condition=Q(shelf_class__isnull=True) | Q(shelf_class__lte=9)
            ),
        )

    def __str__(self) -> str:
        return str(self.record_id)


class ImportBatch(models.Model):
    """One file that was read into the catalogue. Every record of it is accounted for, by a constraint."""

    class Policy(models.TextChoices):
        SKIP = "skip"
        MERGE = "merge"
        REPLACE = "replace"

    class State(models.TextChoices):
        READY = "ready"
        LOADING = "loading"
        LOADED = "loaded"
        REVERTED = "reverted"

    name = models.CharField(max_length=200, help_text="name of the file")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the file")
    size = models.BigIntegerField(help_text="bytes")
    form = models.CharField(max_length=10, help_text="iso2709, marcxml, csv or tsv")
    encoding = models.CharField(max_length=10)
    columns = models.JSONField(default=dict, blank=True, help_text="column → field, for csv and tsv")
    policy = models.CharField(max_length=8, choices=Policy.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.READY)
    position = models.BigIntegerField(default=0, help_text="bytes that are accounted for")
    read = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    merged = models.PositiveIntegerField(default=0)
    replaced = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0, help_text="already there and left as it was")
    quarantined = models.PositiveIntegerField(default=0)
    made_by = models.CharField(max_length=40)
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "import_batch"
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                name="import_every_record_accounted_for",
                condition=Q(read=F("new") + F("merged") + F("replaced") + F("kept") + F("quarantined")),
            ),
            models.CheckConstraint(name="import_position", condition=Q(position__lte=F("size"))),
            # the same file under the same policy goes on where it stopped, it is not begun twice
            models.UniqueConstraint(
                fields=("digest",), condition=Q(state__in=["ready", "loading"]), name="import_file_open_once"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def loaded(self) -> int:
        """Records that are in the catalogue because of this file, or were already."""
        return self.new + self.merged + self.replaced + self.kept


class ImportPiece(models.Model):
    """A piece of an uploaded file, kept until the batch is loaded."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="pieces")
    start = models.BigIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "import_piece"
        ordering = ("start",)
        constraints = (models.UniqueConstraint(fields=("batch", "start"), name="import_piece_once"),)

    def __str__(self) -> str:
        return f"{self.batch_id} {self.start}"


class ImportRecord(models.Model):
    """What became of one record of a file; its bytes and the reason only if it was quarantined."""

    class Outcome(models.TextChoices):
        NEW = "new"
        MERGED = "merged"
        REPLACED = "replaced"
        KEPT = "kept"
        QUARANTINED = "quarantined"

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="records")
    number = models.PositiveIntegerField(help_text="place in the file, from 1")
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    # no foreign key: the account stays when a record goes
    record_id = models.BigIntegerField(null=True)
    version = models.PositiveIntegerField(null=True, help_text="of the MARC record that was written")
    code = models.CharField(max_length=30, blank=True)
    reason = models.TextField(blank=True, help_text="in Japanese")
    content = models.BinaryField(null=True)

    class Meta:
        db_table = "import_record"
        ordering = ("number",)
        indexes = (models.Index(fields=("batch",), condition=Q(outcome="quarantined"), name="import_quarantine"),)
        constraints = (
            models.UniqueConstraint(fields=("batch", "number"), name="import_record_once"),
            models.CheckConstraint(
                name="import_quarantined_with_reason_and_bytes",
                condition=Q(outcome="quarantined", record_id__isnull=True, content__isnull=False)
                & ~Q(reason="")
                & ~Q(code="")
                | Q(outcome__in=["new", "merged", "replaced", "kept"], record_id__isnull=False, content__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.number} {self.outcome}"


class MergeLog(models.Model):
    """One record merged into another (書誌統合), with all that is needed to undo it."""

    # no foreign keys: the log outlives both
    kept_id = models.BigIntegerField(help_text="number of the record that stays", db_index=True)
    kept_version = models.PositiveIntegerField(help_text="of the MARC record after the merge")
    gone_id = models.BigIntegerField(help_text="number of the record that is no more")
    gone_content = models.BinaryField()
    items = ArrayField(models.BigIntegerField(), help_text="items that moved")
    reason = models.CharField(max_length=200)
    made_by = models.CharField(max_length=40)
    made_at = models.DateTimeField(default=timezone.now)
    undone_by = models.CharField(max_length=40, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "merge_log"
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(fields=("gone_id",), condition=Q(undone_at__isnull=True), name="merge_once"),
            models.CheckConstraint(
                name="merge_undone_by_somebody",
                condition=Q(undone_by="", undone_at__isnull=True) | Q(~Q(undone_by=""), undone_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.gone_id} → {self.kept_id}"
