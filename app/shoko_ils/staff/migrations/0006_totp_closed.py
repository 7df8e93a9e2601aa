"""The secret of one-time codes is checked by the database and read by no service.

Every authenticator speaks HMAC-SHA-1 (RFC 6238). pgcrypto has it: it comes with PostgreSQL and is trusted, so that the
owner of the database may install it.
"""

from django.db import migrations

FORWARD = """
-- In a schema that no service may use: the functions below reach it as their owner.
CREATE SCHEMA crypto;
CREATE EXTENSION pgcrypto SCHEMA crypto;

-- The code of a step under a secret in base 32 (RFC 4226, six digits).
CREATE FUNCTION totp_code(secret text, step bigint) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = ils, pg_temp AS $$
DECLARE
    bits text := '';
    key bytea; mac bytea;
    place integer;
BEGIN
    FOR i IN 1 .. length(secret) LOOP
        bits := bits || (strpos('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', substr(secret, i, 1)) - 1)::bit(5)::text;
    END LOOP;
    key := (SELECT decode(string_agg(lpad(to_hex(substr(bits, 1 + 8 * n, 8)::bit(8)::integer), 2, '0'), '' ORDER BY n),
                          'hex') FROM generate_series(0, length(bits) / 8 - 1) AS n);
    mac := crypto.hmac(int8send(step), key, 'sha1');
    place := get_byte(mac, 19) & 15;
    RETURN lpad(((('x' || encode(substr(mac, place + 1, 4), 'hex'))::bit(32)::bigint & 2147483647) % 1000000)::text,
                6, '0');
END $$;

-- SECURITY DEFINER: the staff service reads no secret. One that is not in use yet is shown for the photograph, the one
-- given here if there is none; NULL: the factor is in use.
CREATE FUNCTION staff_totp_begin(person bigint, fresh text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
BEGIN
    IF fresh !~ '^[A-Z2-7]{32}$' THEN
        RAISE EXCEPTION 'a secret has 160 bits' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO staff_totp (account_id, secret, last_step) VALUES (person, fresh, 0) ON CONFLICT DO NOTHING;
    RETURN (SELECT secret FROM staff_totp WHERE account_id = person AND confirmed_on IS NULL);
END $$;

-- Whether the code is right, one step off at most, and of a step after the last one used, which it then is. `first`
-- takes a factor into use that is not yet, otherwise it must be.
CREATE FUNCTION staff_totp_use(person bigint, given text, first boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
DECLARE
    kept staff_totp;
    now_step bigint := floor(extract(epoch FROM clock_timestamp()) / 30)::bigint;
BEGIN
    SELECT * INTO kept FROM staff_totp WHERE account_id = person FOR UPDATE;
    IF NOT FOUND OR (kept.confirmed_on IS NULL) <> first THEN
        RETURN false;
    END IF;
    FOR step IN greatest(now_step - 1, kept.last_step + 1) .. now_step + 1 LOOP
        IF totp_code(kept.secret, step) = given THEN
            UPDATE staff_totp SET last_step = step,
                confirmed_on = coalesce(confirmed_on, (clock_timestamp() AT TIME ZONE 'Asia/Tokyo')::date)
            WHERE account_id = person;
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;
"""
BACKWARD = """
DROP FUNCTION staff_totp_use(bigint, text, boolean);
DROP FUNCTION staff_totp_begin(bigint, text);
DROP FUNCTION totp_code(text, bigint);
DROP EXTENSION pgcrypto;
DROP SCHEMA crypto;
"""


class Migration(migrations.Migration):
    dependencies = (("staff", "0005_lost_factor"),)
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
