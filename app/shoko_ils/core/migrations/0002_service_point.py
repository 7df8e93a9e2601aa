"""Service points beside the libraries."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("core", "0001_initial"),)
    operations = (
        migrations.CreateModel(
            name="ServicePoint",
            fields=(
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.SlugField(max_length=40, unique=True)),
                ("position", models.PositiveSmallIntegerField()),
                ("name_ja", models.CharField(max_length=80)),
                ("name_en", models.CharField(max_length=80)),
                (
                    "library",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="service_points",
                        to="core.library",
                    ),
                ),
            ),
            options={"db_table": "service_point", "ordering": ("position",)},
        ),
    )
