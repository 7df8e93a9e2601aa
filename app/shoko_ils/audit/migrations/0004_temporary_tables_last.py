"""pg_temp stands last in the path of functions with the rights of the owner: unnamed, it would be searched first."""

from django.db import migrations

FUNCTIONS = ("audit_link()",)


class Migration(migrations.Migration):
    dependencies = (("audit", "0003_analysis"),)
    operations = tuple(
        migrations.RunSQL(
            f"ALTER FUNCTION {each} SET search_path = ils, pg_temp", f"ALTER FUNCTION {each} SET search_path = ils"
        )
        for each in FUNCTIONS
    )
