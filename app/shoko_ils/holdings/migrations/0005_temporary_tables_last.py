"""pg_temp stands last in the path of functions with the rights of the owner: unnamed, it would be searched first."""

from django.db import migrations

FUNCTIONS = ("item_search_refresh(bigint[])", "item_search()")


class Migration(migrations.Migration):
    dependencies = (("holdings", "0004_management"),)
    operations = tuple(
        migrations.RunSQL(
            f"ALTER FUNCTION {each} SET search_path = ils, pg_temp", f"ALTER FUNCTION {each} SET search_path = ils"
        )
        for each in FUNCTIONS
    )
