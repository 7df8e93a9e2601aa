"""Loan rules are of the site's edition."""

from importlib import import_module

from django.db import migrations

watch = import_module("shoko_ils.core.migrations.0005_edition").watch


class Migration(migrations.Migration):
    dependencies = (("circulation", "0014_undo_gives_contacts_back"), ("core", "0005_edition"))
    operations = (watch("loan_rule"),)
