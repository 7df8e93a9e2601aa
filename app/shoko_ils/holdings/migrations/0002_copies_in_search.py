"""Tells the search document of a record in which libraries it stands, whoever changes an item."""

from django.db import migrations

FORWARD = """
-- SECURITY DEFINER: who may change an item need not be able to change a search document.
CREATE FUNCTION item_search_refresh(records bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ils AS $$
    UPDATE search_document d SET libraries = coalesce(c.libraries, '{}'), copies = c.copies
    FROM (
        SELECT r.id, count(i.id)::integer AS copies,
               array_agg(DISTINCT i.library_id::integer) FILTER (WHERE i.id IS NOT NULL) AS libraries
        FROM unnest(records) AS r(id)
        LEFT JOIN item i ON i.record_id = r.id AND i.condition <> 'withdrawn'
        GROUP BY r.id
    ) c
    WHERE d.record_id = c.id;
$$;

CREATE FUNCTION item_search() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM item_search_refresh(array_agg(DISTINCT record_id)) FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM item_search_refresh(array_agg(DISTINCT record_id)) FROM old_rows;
    ELSE
        PERFORM item_search_refresh(array_agg(DISTINCT each.id))
        FROM old_rows o JOIN new_rows n USING (id), unnest(ARRAY[o.record_id, n.record_id]) AS each(id)
        WHERE (o.record_id, o.library_id, o.condition) IS DISTINCT FROM (n.record_id, n.library_id, n.condition);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER item_search_insert AFTER INSERT ON item REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION item_search();
CREATE TRIGGER item_search_delete AFTER DELETE ON item REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION item_search();
CREATE TRIGGER item_search_update AFTER UPDATE ON item REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION item_search();
"""
BACKWARD = """
DROP TRIGGER item_search_insert ON item;
DROP TRIGGER item_search_delete ON item;
DROP TRIGGER item_search_update ON item;
DROP FUNCTION item_search();
DROP FUNCTION item_search_refresh(bigint[]);
"""


class Migration(migrations.Migration):
    dependencies = (("holdings", "0001_initial"), ("catalog", "0004_marc_of_the_slice"))
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
