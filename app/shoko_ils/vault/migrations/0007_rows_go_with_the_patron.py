"""Every row in `private` goes with its patron and with its record, whichever migration made its table.

Django adds foreign keys at the end of a migration: what changed them in the migration of their table found none, and
the rows of reading histories refused the erasure of their patron at the commit.
"""

from django.db import migrations

FORWARD = r"""
DO $$
DECLARE
    foreign_key record;
BEGIN
    FOR foreign_key IN
        SELECT conrelid::regclass AS tab, conname, pg_get_constraintdef(oid) AS def FROM pg_constraint
        WHERE contype = 'f' AND connamespace = 'private'::regnamespace AND confdeltype = 'a'
            AND confrelid IN ('ils.patron'::regclass, 'ils.record'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', foreign_key.tab, foreign_key.conname);
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', foreign_key.tab, foreign_key.conname,
            replace(foreign_key.def, ' DEFERRABLE INITIALLY DEFERRED', ' ON DELETE CASCADE'));
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = (("vault", "0006_ended_hold"),)
    operations = (migrations.RunSQL(FORWARD, migrations.RunSQL.noop),)
