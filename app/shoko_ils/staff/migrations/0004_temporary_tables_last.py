"""pg_temp stands last in the path of functions with the rights of the owner: unnamed, it would be searched first."""

from django.db import migrations

FUNCTIONS = ("authority_confirm(bigint, bigint)", "staff_forget()")


class Migration(migrations.Migration):
    dependencies = (("staff", "0003_two_persons"),)
    operations = tuple(
        migrations.RunSQL(
            f"ALTER FUNCTION {each} SET search_path = ils, pg_temp", f"ALTER FUNCTION {each} SET search_path = ils"
        )
        for each in FUNCTIONS
    )
