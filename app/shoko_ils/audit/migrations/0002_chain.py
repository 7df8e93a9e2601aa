"""Numbers, times and links the audit in the database, and refuses any change of it."""

from django.db import migrations

FORWARD = r"""
CREATE TABLE audit_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    id bigint NOT NULL,
    link text NOT NULL
);
INSERT INTO audit_head (id, link) VALUES (0, repeat('0', 64));

-- SECURITY DEFINER: the services may insert an event but neither read nor move the head.
CREATE FUNCTION audit_link() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils AS $$
DECLARE
    head audit_head;
BEGIN
    -- the row lock keeps two writers from linking to the same event
    SELECT * INTO head FROM audit_head FOR UPDATE;
    NEW.id := head.id + 1;
    NEW.at := clock_timestamp();
    NEW.previous := head.link;
    NEW.link := encode(sha256(convert_to(concat_ws(E'\x1f',
        NEW.previous, NEW.id::text,
        to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        NEW.actor, NEW.action, NEW.screen, NEW.library, coalesce(NEW.subject::text, '')
    ), 'UTF8')), 'hex');
    UPDATE audit_head SET id = NEW.id, link = NEW.link;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_link BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_link();

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""
BACKWARD = """
DROP TRIGGER audit_append_only ON audit_event;
DROP TRIGGER audit_link ON audit_event;
DROP FUNCTION audit_refuse();
DROP FUNCTION audit_link();
DROP TABLE audit_head;
"""


class Migration(migrations.Migration):
    dependencies = (("audit", "0001_initial"),)
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
