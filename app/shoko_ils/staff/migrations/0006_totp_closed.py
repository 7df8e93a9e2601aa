"""The secret of one-time codes is checked by the database and read by no service.

HMAC-SHA-1 (RFC 2104, FIPS 180-4) is what every authenticator speaks (RFC 6238); PostgreSQL has it only in an extension,
and the system needs none.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION totp_sha1(message bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    full_word CONSTANT bigint := 4294967295;
    padded bytea := message || '\\x80'::bytea || decode(repeat('00', (119 - length(message) % 64) % 64), 'hex')
        || int8send(length(message)::bigint * 8);
    h bigint[] := ARRAY[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
    w bigint[];
    a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; k bigint; x bigint;
BEGIN
    FOR block IN 0 .. length(padded) / 64 - 1 LOOP
        w := ARRAY[]::bigint[];
        FOR t IN 1 .. 80 LOOP
            IF t <= 16 THEN
                x := ('x' || encode(substr(padded, block * 64 + t * 4 - 3, 4), 'hex'))::bit(32)::bigint;
            ELSE
                x := w[t - 3] # w[t - 8] # w[t - 14] # w[t - 16];
                x := ((x << 1) & full_word) | (x >> 31);
            END IF;
            w[t] := x;
        END LOOP;
        a := h[1]; b := h[2]; c := h[3]; d := h[4]; e := h[5];
        FOR t IN 1 .. 80 LOOP
            IF t <= 20 THEN
                f := (b & c) | ((b # full_word) & d); k := 1518500249;
            ELSIF t <= 40 THEN
                f := b # c # d; k := 1859775393;
            ELSIF t <= 60 THEN
                f := (b & c) | (b & d) | (c & d); k := 2400959708;
            ELSE
                f := b # c # d; k := 3395469782;
            END IF;
            x := ((((a << 5) & full_word) | (a >> 27)) + f + e + k + w[t]) & full_word;
            e := d; d := c; c := ((b << 30) & full_word) | (b >> 2); b := a; a := x;
        END LOOP;
        h := ARRAY[(h[1] + a) & full_word, (h[2] + b) & full_word, (h[3] + c) & full_word, (h[4] + d) & full_word,
                   (h[5] + e) & full_word];
    END LOOP;
    RETURN (SELECT decode(string_agg(lpad(to_hex(part), 8, '0'), '' ORDER BY place), 'hex')
            FROM unnest(h) WITH ORDINALITY AS u(part, place));
END $$;

-- The code of a step under a secret in base 32 (RFC 4226, six digits).
CREATE FUNCTION totp_code(secret text, step bigint) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = ils, pg_temp AS $$
DECLARE
    bits text := '';
    key bytea; inner_pad bytea; outer_pad bytea; mac bytea;
    place integer;
BEGIN
    FOR i IN 1 .. length(secret) LOOP
        bits := bits || (strpos('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', substr(secret, i, 1)) - 1)::bit(5)::text;
    END LOOP;
    key := (SELECT decode(string_agg(lpad(to_hex(substr(bits, 1 + 8 * n, 8)::bit(8)::integer), 2, '0'), '' ORDER BY n),
                          'hex') FROM generate_series(0, length(bits) / 8 - 1) AS n);
    inner_pad := key || decode(repeat('00', 64 - length(key)), 'hex');
    outer_pad := inner_pad;
    FOR i IN 0 .. 63 LOOP
        outer_pad := set_byte(outer_pad, i, get_byte(inner_pad, i) # 92);
        inner_pad := set_byte(inner_pad, i, get_byte(inner_pad, i) # 54);
    END LOOP;
    mac := totp_sha1(outer_pad || totp_sha1(inner_pad || int8send(step)));
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
DROP FUNCTION totp_sha1(bytea);
"""


class Migration(migrations.Migration):
    dependencies = (("staff", "0005_lost_factor"),)
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
