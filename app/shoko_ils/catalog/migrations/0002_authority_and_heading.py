"""Agents become authority records, contributions become headings: a subject is one too."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = (("catalog", "0001_initial"),)
    operations = (
        migrations.RemoveField("record", "agents"),
        migrations.RemoveConstraint("contribution", "contribution_once"),
        migrations.RemoveConstraint("contribution", "contribution_role"),
        migrations.RenameModel("Agent", "Authority"),
        migrations.AlterModelTable("authority", "authority"),
        migrations.RenameModel("Contribution", "Heading"),
        migrations.AlterModelTable("heading", "heading"),
        migrations.RenameField("heading", "agent", "authority"),
    )
