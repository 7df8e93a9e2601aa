"""The edition of the site: a new random value with every change of libraries, service points and calendars."""

from django.db import migrations

TABLES = ("library", "service_point", "calendar_exception")

FORWARD = """
CREATE TABLE site_edition (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    edition uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO site_edition DEFAULT VALUES;

-- SECURITY DEFINER: who changes a rule or a calendar needs no right to this table.
CREATE FUNCTION site_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
BEGIN
    UPDATE site_edition SET edition = gen_random_uuid();
    RETURN NULL;
END $$;
"""


def watch(table: str) -> migrations.RunSQL:
    """Let every statement that changes the table give the site a new edition."""
    return migrations.RunSQL(
        f"CREATE TRIGGER site_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION site_changed()",
        f"DROP TRIGGER site_changed ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = (("core", "0004_closing_counts"),)
    operations = (
        migrations.RunSQL(FORWARD, "DROP FUNCTION site_changed(); DROP TABLE site_edition"),
        *(watch(each) for each in TABLES),
    )
