"""Receipts of scans remember the slip that was printed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("circulation", "0004_undo"),)
    operations = (migrations.AddField("scanreceipt", "slip", models.PositiveIntegerField(blank=True, null=True)),)
