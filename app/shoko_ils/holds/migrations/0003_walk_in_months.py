"""Loans before waiting holds, by the month: a title with its day could be paired with an exception in the audit."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

COUNT = """
CREATE TABLE walk_in_counted AS
SELECT date_trunc('month', lent_on)::date AS month, library_id, reason, count(*) AS loans, sum(waiting) AS waiting
FROM walk_in GROUP BY 1, 2, 3;
"""
CARRY_OVER = """
INSERT INTO walk_in (month, library_id, reason, loans, waiting)
SELECT month, library_id, reason, loans, waiting FROM walk_in_counted ORDER BY 1, 2, 3;
DROP TABLE walk_in_counted;
"""


class Migration(migrations.Migration):
    dependencies = (("holds", "0002_slips_views_rule"), ("core", "0004_closing_counts"))
    operations = (
        migrations.RunSQL(COUNT),
        migrations.DeleteModel("WalkIn"),
        migrations.CreateModel(
            name="WalkIn",
            fields=(
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(help_text="its first day")),
                (
                    "library",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.library"),
                ),
                ("reason", models.CharField(max_length=12)),
                ("loans", models.PositiveIntegerField()),
                ("waiting", models.PositiveIntegerField(help_text="holds that these copies could have satisfied")),
            ),
            options={
                "db_table": "walk_in",
                "constraints": (
                    models.CheckConstraint(name="walk_in_reason", condition=Q(reason__in=["on-shelf", "exception"])),
                    models.CheckConstraint(name="walk_in_first_day", condition=Q(month__day=1)),
                    models.UniqueConstraint(fields=("month", "library", "reason"), name="walk_in_once"),
                ),
            },
        ),
        migrations.RunSQL(CARRY_OVER),
    )
