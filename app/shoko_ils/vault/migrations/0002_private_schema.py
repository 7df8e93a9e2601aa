"""Moves the tables into the schema that the staff role cannot enter; the database cleans up after a patron."""

from django.db import migrations

FORWARD = r"""
ALTER TABLE patron_password SET SCHEMA private;
ALTER TABLE favourite SET SCHEMA private;
DO $$
DECLARE
    foreign_key record;
BEGIN
    FOR foreign_key IN
        SELECT conrelid::regclass AS tab, conname, pg_get_constraintdef(oid) AS def FROM pg_constraint
        WHERE contype = 'f' AND conrelid IN ('private.patron_password'::regclass, 'private.favourite'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', foreign_key.tab, foreign_key.conname);
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', foreign_key.tab, foreign_key.conname,
            replace(foreign_key.def, ' DEFERRABLE INITIALLY DEFERRED', ' ON DELETE CASCADE'));
    END LOOP;
END $$;
"""
BACKWARD = """
ALTER TABLE private.favourite SET SCHEMA ils;
ALTER TABLE private.patron_password SET SCHEMA ils;
"""


class Migration(migrations.Migration):
    dependencies = (("vault", "0001_initial"),)
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
