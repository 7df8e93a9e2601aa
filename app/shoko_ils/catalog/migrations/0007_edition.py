"""The edition of the catalogue: another random value with every change of the search documents.

It stands in several rows, and a change takes one that no other transaction holds: an import that writes for a second
keeps no cataloguer waiting, and two who change the same records in another order cannot wait for each other here.
"""

from django.db import migrations

FORWARD = """
CREATE TABLE catalogue_edition (
    part smallint PRIMARY KEY,
    value uuid NOT NULL DEFAULT gen_random_uuid()
) WITH (fillfactor = 10);
INSERT INTO catalogue_edition (part) SELECT generate_series(1, 16);

-- SECURITY DEFINER: who changes an item or a record needs no right to this table.
CREATE FUNCTION catalogue_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ils, pg_temp AS $$
BEGIN
    -- a return in another library updates its item, and no document
    IF NOT EXISTS (SELECT FROM changed) THEN
        RETURN NULL;
    END IF;
    UPDATE catalogue_edition SET value = gen_random_uuid()
        WHERE part = (SELECT part FROM catalogue_edition FOR UPDATE SKIP LOCKED LIMIT 1);
    IF NOT FOUND THEN
        UPDATE catalogue_edition SET value = gen_random_uuid() WHERE part = 1;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER catalogue_changed_insert AFTER INSERT ON search_document REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION catalogue_changed();
CREATE TRIGGER catalogue_changed_update AFTER UPDATE ON search_document REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION catalogue_changed();
CREATE TRIGGER catalogue_changed_delete AFTER DELETE ON search_document REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION catalogue_changed();
"""
BACKWARD = """
DROP TRIGGER catalogue_changed_insert ON search_document;
DROP TRIGGER catalogue_changed_update ON search_document;
DROP TRIGGER catalogue_changed_delete ON search_document;
DROP FUNCTION catalogue_changed();
DROP TABLE catalogue_edition;
"""


class Migration(migrations.Migration):
    dependencies = (("catalog", "0006_counted_in_the_row"),)
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
