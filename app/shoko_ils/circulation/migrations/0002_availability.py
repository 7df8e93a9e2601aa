"""The view through which the public service learns what is out, without learning of loans."""

from django.db import migrations

FORWARD = """
CREATE VIEW item_availability AS SELECT item_id, due_on FROM loan WHERE returned_on IS NULL;
"""


class Migration(migrations.Migration):
    dependencies = (("circulation", "0001_initial"),)
    operations = (migrations.RunSQL(FORWARD, "DROP VIEW item_availability;"),)
