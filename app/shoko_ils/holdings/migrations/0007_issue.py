"""Which issue of a magazine a copy is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("holdings", "0006_edition"),)
    operations = (
        migrations.AddField("item", "issue", models.CharField(blank=True, db_default="", max_length=40)),
        migrations.AddConstraint(
            "item", models.UniqueConstraint(fields=("id", "record", "issue"), name="item_is_of_its_issue")
        ),
    )
