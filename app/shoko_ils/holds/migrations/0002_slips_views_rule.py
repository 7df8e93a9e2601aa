"""Slip numbers, what the public service may see of holds, and the rule that a site begins with."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE SEQUENCE slip_number AS integer MINVALUE 1 MAXVALUE 99999 CYCLE;

-- how many wait for a title, and nothing of who
CREATE VIEW hold_count AS
    SELECT record_id, count(*)::integer AS waiting FROM hold WHERE state = 'queued' GROUP BY record_id;

-- copies that stand ready for somebody or are on their way
CREATE VIEW item_bound AS
    SELECT item_id, CASE WHEN state IN ('on-shelf', 'notified', 'captured') THEN 'held' ELSE 'moving' END AS why
    FROM hold WHERE item_id IS NOT NULL
    UNION ALL
    SELECT t.item_id, 'moving' FROM transit t
    WHERE t.ended_on IS NULL AND NOT EXISTS (SELECT FROM hold h WHERE h.item_id = t.item_id);

INSERT INTO hold_rule (max_holds, max_per_day, priority, version) VALUES (10, NULL, 100, 1);
"""
BACKWARD = """
DROP VIEW item_bound;
DROP VIEW hold_count;
DROP SEQUENCE slip_number;
"""


class Migration(migrations.Migration):
    dependencies = (("holds", "0001_initial"),)
    operations = (
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.CreateModel(
            name="Bound",
            fields=(
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="bound",
                        serialize=False,
                        to="holdings.item",
                    ),
                ),
                ("why", models.CharField(max_length=6)),
            ),
            options={"db_table": "item_bound", "managed": False},
        ),
        migrations.CreateModel(
            name="HoldCount",
            fields=(
                (
                    "record",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="hold_count",
                        serialize=False,
                        to="catalog.record",
                    ),
                ),
                ("waiting", models.PositiveIntegerField()),
            ),
            options={"db_table": "hold_count", "managed": False},
        ),
    )
