"""The question about waiting holds is a stop: it stays on the screen until it is decided. Receipts of today follow."""

from django.db import migrations

RENAME = "UPDATE scan_receipt SET outcome = %s WHERE outcome = %s"


class Migration(migrations.Migration):
    dependencies = (("circulation", "0012_settled_cases"),)
    operations = (
        migrations.RunSQL(
            [(RENAME, ["stop-holds-wait", "note-holds-wait"])], [(RENAME, ["note-holds-wait", "stop-holds-wait"])]
        ),
    )
