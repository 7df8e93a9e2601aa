"""Patron categories come from the site file, in its order; those for groups are told apart."""

from django.db import migrations, models

# what there is until now was made by the demonstration, whose one category for groups has this key
FORWARD = "UPDATE patron_category SET position = id, for_groups = (key = 'group')"


class Migration(migrations.Migration):
    dependencies = (("patrons", "0003_register_rules"),)
    operations = (
        migrations.AddField("patroncategory", "position", models.PositiveSmallIntegerField(db_default=0)),
        migrations.AddField("patroncategory", "for_groups", models.BooleanField(db_default=False)),
        migrations.AlterModelOptions("patroncategory", {"ordering": ("position",)}),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    )
