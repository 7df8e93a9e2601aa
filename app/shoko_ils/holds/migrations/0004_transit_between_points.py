"""A service point is a place of its own: a copy goes from its library to it and back by a transit."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = (("core", "0002_service_point"), ("holds", "0003_walk_in_months"))
    operations = (
        migrations.AddField(
            "transit",
            "from_point",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="core.servicepoint",
            ),
        ),
        migrations.RemoveConstraint("transit", "transit_goes_somewhere"),
        migrations.AddConstraint(
            "transit",
            models.CheckConstraint(
                name="transit_goes_somewhere",
                condition=~Q(from_library=F("to_library"))
                | Q(from_point__isnull=True, to_point__isnull=False)
                | Q(from_point__isnull=False, to_point__isnull=True)
                | ~Q(from_point=F("to_point")),
            ),
        ),
    )
