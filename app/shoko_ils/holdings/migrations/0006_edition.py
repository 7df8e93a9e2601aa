"""Material classes are of the site's edition."""

from importlib import import_module

from django.db import migrations

watch = import_module("shoko_ils.core.migrations.0005_edition").watch


class Migration(migrations.Migration):
    dependencies = (("holdings", "0005_temporary_tables_last"), ("core", "0005_edition"))
    operations = (watch("material_class"),)
