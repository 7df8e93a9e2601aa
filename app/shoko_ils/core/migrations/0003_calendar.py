"""Calendars as a pattern with holidays and dated exceptions, instead of closed weekdays and single closed days."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

REASONS = ["stocktaking", "new-year", "works", "event", "storm", "earthquake", "power", "disease", "other"]
KINDS = ["open", "closed", "emergency"]
# closed days in a row become one interval
FORWARD = """
UPDATE library SET calendar = jsonb_build_object('closed', coalesce((
    SELECT jsonb_agg(jsonb_build_object('weekday', (ARRAY['mon','tue','wed','thu','fri','sat','sun'])[day + 1]))
    FROM unnest(closed_weekdays) AS day), '[]'));
INSERT INTO calendar_exception (library_id, kind, first_on, last_on, reason, made_by, moved_loans)
SELECT library_id, 'closed', min(day), max(day), 'other', '', 0
FROM (SELECT library_id, day, day - row_number() OVER (PARTITION BY library_id ORDER BY day)::integer AS island
      FROM closed_day) AS days
GROUP BY library_id, island;
"""
# ranges instead of the extension btree_gist
NO_OVERLAP = """
ALTER TABLE calendar_exception ADD CONSTRAINT calendar_exception_no_overlap EXCLUDE USING gist (
    int8range(library_id, library_id, '[]') WITH &&, daterange(first_on, last_on, '[]') WITH &&
) WHERE (kind <> 'emergency');
"""


class Migration(migrations.Migration):
    dependencies = (("core", "0002_service_point"),)
    operations = (
        migrations.AddField(
            "library",
            "calendar",
            models.JSONField(blank=True, default=dict, help_text="as core.calendar.pattern reads it"),
        ),
        migrations.CreateModel(
            name="CalendarException",
            fields=(
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[(k, k.title()) for k in KINDS], max_length=9)),
                ("first_on", models.DateField()),
                ("last_on", models.DateField()),
                (
                    "reason",
                    models.CharField(choices=[(r, r.replace("-", " ").title()) for r in REASONS], max_length=12),
                ),
                (
                    "made_by",
                    models.CharField(blank=True, help_text="log-in ID; empty: from the former calendar", max_length=40),
                ),
                ("act", models.UUIDField(blank=True, null=True)),
                (
                    "moved_loans",
                    models.PositiveIntegerField(default=0, help_text="due dates that it moved"),
                ),
                (
                    "library",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="exceptions", to="core.library"
                    ),
                ),
            ),
            options={
                "db_table": "calendar_exception",
                "ordering": ("first_on", "library"),
                "constraints": [
                    models.CheckConstraint(condition=Q(last_on__gte=F("first_on")), name="calendar_exception_in_order"),
                    models.CheckConstraint(condition=Q(kind__in=KINDS), name="calendar_exception_kind"),
                    models.CheckConstraint(
                        condition=Q(kind="emergency", act__isnull=False) | (~Q(kind="emergency") & Q(act__isnull=True)),
                        name="calendar_exception_act_of_emergency",
                    ),
                    models.UniqueConstraint(fields=("act", "library"), name="calendar_exception_act_once"),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
        migrations.RunSQL(NO_OVERLAP, migrations.RunSQL.noop),
        migrations.RemoveField("library", "closed_weekdays"),
        migrations.DeleteModel("ClosedDay"),
    )
