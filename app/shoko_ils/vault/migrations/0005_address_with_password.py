"""A change of the mail address is ordered with the password, not with the session alone."""

from django.db import migrations

FORWARD = """
-- the salt for a proof of who is signed in
CREATE FUNCTION private.own_salt() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ils, pg_temp AS $$
    SELECT salt FROM private.patron_password WHERE patron_id = private.patron();
$$;

-- Leaves the order `address` for the desk: it can be left in no other way. `kiosk`: not from a terminal of a library;
-- `wrong`: the proof is, or five were within thirty minutes.
CREATE FUNCTION private.order_address(order_key uuid, asked jsonb, proof bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
DECLARE
    person bigint := private.patron();
    here bytea := private.mark('address', person::text);
BEGIN
    IF person IS NULL THEN
        RETURN 'wrong';
    END IF;
    IF (SELECT in_library FROM private.patron_session
        WHERE token_hash = sha256(convert_to(current_setting('shoko.session', true), 'UTF8'))) THEN
        RETURN 'kiosk';
    END IF;
    IF private.is_paused(ARRAY[here]) THEN
        RETURN 'wrong';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM private.patron_password WHERE patron_id = person AND verifier = sha256(proof)) THEN
        PERFORM private.count_failure(here, 5);
        RETURN 'wrong';
    END IF;
    DELETE FROM private.attempt WHERE mark = here;
    INSERT INTO member_order (key, patron_id, kind, asked, made_at)
    VALUES (order_key, person, 'address', asked, now()) ON CONFLICT DO NOTHING;
    RETURN 'ordered';
END $$;

ALTER POLICY own_rows ON ils.member_order USING (patron_id = (SELECT private.patron()))
    WITH CHECK (answer IS NULL AND patron_id = (SELECT private.patron()) AND kind <> 'address');
"""
BACKWARD = """
ALTER POLICY own_rows ON ils.member_order USING (patron_id = (SELECT private.patron()))
    WITH CHECK (answer IS NULL AND patron_id = (SELECT private.patron()));
DROP FUNCTION private.order_address(uuid, jsonb, bytea);
DROP FUNCTION private.own_salt();
"""


class Migration(migrations.Migration):
    dependencies = (("vault", "0004_code_sending"), ("mylibrary", "0003_application_by_the_site_list"))
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
