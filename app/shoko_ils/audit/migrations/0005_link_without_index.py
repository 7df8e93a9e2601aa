"""Nothing asks for an event by its link, and links are made by the database alone: no index for them.

Two indexes on values without order cost every scan two pages somewhere in ten gigabytes, after ten years.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("audit", "0004_temporary_tables_last"),)
    operations = (
        migrations.AlterField(model_name="event", name="link", field=models.CharField(db_default="", max_length=64)),
    )
