"""At which service point an act on items was done: copies in hand start from there."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("holdings", "0007_issue"), ("core", "0005_edition"))
    operations = (
        migrations.AddField(
            "itemact",
            "service_point",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="core.servicepoint",
            ),
        ),
    )
