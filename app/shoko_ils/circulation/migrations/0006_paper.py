"""Batches of paper slips that are entered afterwards."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (
        ("circulation", "0005_receipt_slip"),
        ("core", "0003_calendar"),
    )

    operations = (
        migrations.CreateModel(
            name="PaperBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(help_text="of the form that began it", unique=True)),
                ("day", models.DateField(help_text="on which it was really done")),
                ("reason", models.CharField(max_length=12)),
                (
                    "lends_on_paper",
                    models.PositiveSmallIntegerField(help_text="slips in the hand, counted before the entry"),
                ),
                ("returns_on_paper", models.PositiveSmallIntegerField()),
                ("made_on", models.DateField()),
                ("made_by", models.CharField(help_text="log-in ID", max_length=40)),
                (
                    "library",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.library"),
                ),
                (
                    "service_point",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.servicepoint",
                    ),
                ),
            ],
            options={
                "db_table": "paper_batch",
                "ordering": ("-made_on", "-id"),
            },
        ),
        migrations.CreateModel(
            name="PaperSlip",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("key", models.UUIDField(unique=True)),
                ("act", models.CharField(choices=[("lend", "Lend"), ("return", "Return")], max_length=6)),
                ("card_number", models.CharField(blank=True, max_length=40)),
                ("item_number", models.CharField(blank=True, max_length=40)),
                (
                    "state",
                    models.CharField(
                        choices=[("done", "Done"), ("conflict", "Conflict"), ("rejected", "Rejected")], max_length=8
                    ),
                ),
                ("outcome", models.CharField(help_text="services.Outcome", max_length=30)),
                ("decided_on", models.DateField(blank=True, null=True)),
                ("decided_by", models.CharField(blank=True, db_default="", help_text="log-in ID", max_length=40)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="slips", to="circulation.paperbatch"
                    ),
                ),
            ],
            options={
                "db_table": "paper_slip",
                "ordering": ("batch", "position"),
            },
        ),
        migrations.AddConstraint(
            model_name="paperbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason__in", ["line-down", "power", "bookmobile", "omission"])),
                name="paper_batch_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="paperbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("day__lte", models.F("made_on"))), name="paper_batch_of_a_former_day"
            ),
        ),
        migrations.AddIndex(
            model_name="paperslip",
            index=models.Index(condition=models.Q(("state", "conflict")), fields=["batch"], name="paper_slip_conflict"),
        ),
        migrations.AddConstraint(
            model_name="paperslip",
            constraint=models.UniqueConstraint(fields=("batch", "position"), name="paper_slip_order"),
        ),
        migrations.AddConstraint(
            model_name="paperslip",
            constraint=models.CheckConstraint(
                condition=models.Q(("act__in", ["lend", "return"])), name="paper_slip_act"
            ),
        ),
        migrations.AddConstraint(
            model_name="paperslip",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["done", "conflict", "rejected"])), name="paper_slip_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="paperslip",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("act", "lend"), ("card_number__gt", ""), ("state", "conflict")),
                    models.Q(models.Q(("act", "lend"), ("state", "conflict"), _negated=True), ("card_number", "")),
                    _connector="OR",
                ),
                name="paper_slip_card_only_while_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="paperslip",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "conflict"), _negated=True), ("item_number__gt", ""), _connector="OR"
                ),
                name="paper_slip_item_while_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="paperslip",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("decided_by", ""), ("decided_on__isnull", True), models.Q(("state", "rejected"), _negated=True)
                    ),
                    models.Q(
                        ("decided_by__gt", ""),
                        ("decided_on__isnull", False),
                        models.Q(("state", "conflict"), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="paper_slip_decided",
            ),
        ),
    )
