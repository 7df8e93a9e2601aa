"""When a code was last sent to whom by which way: kept beside the codes, whatever becomes of the notice."""

from django.db import migrations

FORWARD = """
CREATE TABLE private.code_sending (
    patron_id bigint NOT NULL REFERENCES patron ON DELETE CASCADE,
    way text NOT NULL CHECK (way IN ('mail', 'postcard')),
    sent_at timestamptz NOT NULL,
    PRIMARY KEY (patron_id, way)
);

-- for the staff role: takes the one sending of the period (mail ten minutes, postcard fourteen days); false if it is
-- spent. The row's lock lets one of two through.
CREATE FUNCTION ils.password_code_due(person bigint, by_way text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
BEGIN
    INSERT INTO private.code_sending AS s VALUES (person, by_way, now())
    ON CONFLICT (patron_id, way) DO UPDATE SET sent_at = excluded.sent_at
    WHERE s.sent_at <= now() - CASE by_way WHEN 'mail' THEN interval '10 minutes' ELSE interval '14 days' END;
    RETURN FOUND;
END $$;
"""
BACKWARD = "DROP FUNCTION ils.password_code_due(bigint, text); DROP TABLE private.code_sending;"


class Migration(migrations.Migration):
    dependencies = (("vault", "0003_members"),)
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
