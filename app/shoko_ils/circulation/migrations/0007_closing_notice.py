"""Patrons to be told of an emergency closing, until they are."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (
        ("circulation", "0006_paper"),
        ("patrons", "0001_initial"),
    )

    operations = (
        migrations.CreateModel(
            name="ClosingNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("act", models.UUIDField(help_text="of the closing: CalendarException.act")),
                ("loans", models.PositiveSmallIntegerField()),
                ("due_on", models.DateField(help_text="the earliest new due date", null=True)),
                ("holds", models.PositiveSmallIntegerField()),
                ("pickup_by", models.DateField(help_text="the earliest new pickup-by date", null=True)),
                (
                    "patron",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="patrons.patron"
                    ),
                ),
            ],
            options={
                "db_table": "closing_notice",
                "constraints": [
                    models.UniqueConstraint(fields=("act", "patron"), name="closing_notice_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(("due_on__isnull", False), ("loans__gt", 0)),
                                models.Q(("due_on__isnull", True), ("loans", 0)),
                                _connector="OR",
                            ),
                            models.Q(
                                models.Q(("holds__gt", 0), ("pickup_by__isnull", False)),
                                models.Q(("holds", 0), ("pickup_by__isnull", True)),
                                _connector="OR",
                            ),
                            models.Q(("loans__gt", 0), ("holds__gt", 0), _connector="OR"),
                        ),
                        name="closing_notice_has_a_reason",
                    ),
                ],
            },
        ),
    )
