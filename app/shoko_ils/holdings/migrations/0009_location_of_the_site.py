"""Shelving locations come from the site file, in its order."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("holdings", "0008_act_at_point"),)
    operations = (
        migrations.AddField("location", "position", models.PositiveSmallIntegerField(db_default=0)),
        migrations.AlterModelOptions("location", {"ordering": ("position",)}),
        migrations.RunSQL("UPDATE location SET position = id", migrations.RunSQL.noop),
    )
