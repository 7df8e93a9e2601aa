"""Holds placed today are counted, so that the limit of a day is not got round by cancelling."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (
        ("holdings", "0001_initial"),
        ("holds", "0004_transit_between_points"),
        ("patrons", "0001_initial"),
    )
    operations = (
        migrations.CreateModel(
            name="HoldDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("placed", models.PositiveSmallIntegerField()),
                (
                    "material_class",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="holdings.materialclass"
                    ),
                ),
                (
                    "patron",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="patrons.patron"
                    ),
                ),
            ],
            options={"db_table": "hold_day"},
        ),
        migrations.AddConstraint(
            "holdday", models.UniqueConstraint(fields=("patron", "day", "material_class"), name="hold_day_once")
        ),
        migrations.RunSQL(
            "INSERT INTO hold_day (patron_id, day, material_class_id, placed)"
            " SELECT patron_id, current_date, material_class_id, count(*) FROM hold"
            " WHERE patron_id IS NOT NULL AND requested_at >= current_date GROUP BY patron_id, material_class_id",
            migrations.RunSQL.noop,
        ),
    )
