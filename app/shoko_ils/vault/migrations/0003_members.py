"""Log-in of citizens, their passwords and codes, and the reading history of those who wish one.

What a log-in proves is checked by the database. A password is stretched by the service (scrypt); the service sends
the stretched value, and the database compares its SHA-256 with the verifier. So no verifier ever leaves the database,
and a service that an intruder has taken over can open no session without a password. The service asks for the salt of
a number and gets one for an unknown number too.

Failures are counted for a number at a source, for a number and for a source; nobody is locked out for longer than
thirty minutes, and the answer is the same while that lasts. Numbers and sources are kept as marks, not in clear.
"""

from django.db import migrations, models

FORWARD = r"""
DELETE FROM private.patron_password;
ALTER TABLE private.patron_password
    DROP COLUMN password,
    ADD COLUMN salt text NOT NULL CHECK (salt ~ '^[0-9a-f]{32}$'),
    ADD COLUMN verifier bytea NOT NULL CHECK (length(verifier) = 32);

CREATE TABLE private.pepper (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), secret bytea NOT NULL);
INSERT INTO private.pepper (secret) SELECT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());

CREATE TABLE private.patron_session (
    token_hash bytea PRIMARY KEY,
    patron_id bigint NOT NULL REFERENCES patron ON DELETE CASCADE,
    started_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz NOT NULL,
    in_library boolean NOT NULL
);
CREATE INDEX patron_session_of_patron ON private.patron_session (patron_id);
CREATE TABLE private.password_code (
    patron_id bigint PRIMARY KEY REFERENCES patron ON DELETE CASCADE,
    salt uuid NOT NULL DEFAULT gen_random_uuid(),
    code_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    failures smallint NOT NULL DEFAULT 0
);
CREATE TABLE private.attempt (
    mark bytea PRIMARY KEY,
    failures integer NOT NULL,
    since timestamptz NOT NULL,
    paused_until timestamptz
);

CREATE FUNCTION private.mark(what text, value text) RETURNS bytea
LANGUAGE sql STABLE SET search_path = ils, pg_temp AS $$
    SELECT sha256(secret || convert_to(what || E'\x1f' || value, 'UTF8')) FROM private.pepper;
$$;

-- counts one failure; `allowed` of them within thirty minutes pause what is marked for thirty minutes
CREATE FUNCTION private.count_failure(of_mark bytea, allowed integer) RETURNS void
LANGUAGE sql SET search_path = ils, pg_temp AS $$
    INSERT INTO private.attempt AS a
    VALUES (of_mark, 1, now(), CASE WHEN allowed <= 1 THEN now() + interval '30 minutes' END)
    ON CONFLICT (mark) DO UPDATE SET
        failures = CASE WHEN a.since < now() - interval '30 minutes' THEN 1 ELSE a.failures + 1 END,
        since = CASE WHEN a.since < now() - interval '30 minutes' THEN now() ELSE a.since END,
        paused_until = CASE WHEN a.since >= now() - interval '30 minutes' AND a.failures + 1 >= allowed
            THEN now() + interval '30 minutes' ELSE a.paused_until END;
$$;

CREATE FUNCTION private.is_paused(marks bytea[]) RETURNS boolean
LANGUAGE sql STABLE SET search_path = ils, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM private.attempt WHERE mark = ANY (marks) AND paused_until > now());
$$;

-- one of `allowed` uses in thirty minutes; false when they are spent
CREATE FUNCTION private.spend(what text, value text, allowed integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
DECLARE
    its_mark bytea := private.mark('spend ' || what, value);
BEGIN
    IF private.is_paused(ARRAY[its_mark]) THEN
        RETURN false;
    END IF;
    PERFORM private.count_failure(its_mark, allowed);
    RETURN true;
END $$;

-- a number that nobody has, or without a password, has a salt too, and always the same
CREATE FUNCTION private.salt_of(card_number text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ils, pg_temp AS $$
    SELECT coalesce(
        (SELECT p.salt FROM card c JOIN private.patron_password p ON p.patron_id = c.patron_id
         WHERE c.number = card_number AND c.ended_on IS NULL),
        left(encode(private.mark('salt', card_number), 'hex'), 32));
$$;

CREATE FUNCTION private.log_in(card_number text, proof bytea, source text, new_token text, at_kiosk boolean)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
DECLARE
    here bytea := private.mark('number at source', card_number || ' ' || source);
    everywhere bytea := private.mark('number', card_number);
    from_source bytea := private.mark('source', source);
    -- many people share a terminal in a library
    marks bytea[] := CASE WHEN at_kiosk THEN ARRAY[here, everywhere] ELSE ARRAY[here, everywhere, from_source] END;
    person bigint;
    verifier bytea;
BEGIN
    IF length(new_token) < 32 THEN
        RAISE EXCEPTION 'a token has 32 characters or more';
    END IF;
    SELECT c.patron_id, p.verifier INTO person, verifier
    FROM card c JOIN private.patron_password p ON p.patron_id = c.patron_id
    WHERE c.number = card_number AND c.ended_on IS NULL;
    IF private.is_paused(marks) THEN
        RETURN false;
    END IF;
    IF person IS NULL OR verifier IS DISTINCT FROM sha256(proof) THEN
        PERFORM private.count_failure(here, 5);
        PERFORM private.count_failure(everywhere, 20);
        PERFORM private.count_failure(from_source, 100);
        RETURN false;
    END IF;
    DELETE FROM private.attempt WHERE mark = here;
    INSERT INTO private.patron_session (token_hash, patron_id, ends_at, in_library)
    VALUES (sha256(convert_to(new_token, 'UTF8')), person,
            now() + CASE WHEN at_kiosk THEN interval '60 seconds' ELSE interval '30 minutes' END, at_kiosk);
    RETURN true;
END $$;

-- whose session it is: what every policy of the public role asks
CREATE FUNCTION private.patron() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ils, pg_temp AS $$
    SELECT patron_id FROM private.patron_session
    WHERE token_hash = sha256(convert_to(current_setting('shoko.session', true), 'UTF8')) AND ends_at > now();
$$;

-- prolongs the session: 30 minutes idle, 60 seconds on a terminal of a library, twelve hours in all
CREATE FUNCTION private.session_seen() RETURNS TABLE (patron bigint, kiosk boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
    UPDATE private.patron_session SET ends_at = least(started_at + interval '12 hours',
        now() + CASE WHEN in_library THEN interval '60 seconds' ELSE interval '30 minutes' END)
    WHERE token_hash = sha256(convert_to(current_setting('shoko.session', true), 'UTF8')) AND ends_at > now()
    RETURNING patron_id, in_library;
$$;

CREATE FUNCTION private.log_out() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
    DELETE FROM private.patron_session
    WHERE token_hash = sha256(convert_to(current_setting('shoko.session', true), 'UTF8'));
$$;

-- the new password of who knows the code; everything else about a person proves nothing here
CREATE FUNCTION private.register_password(card_number text, code text, new_salt text, new_verifier bytea, source text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
DECLARE
    here bytea := private.mark('code at source', card_number || ' ' || source);
    from_source bytea := private.mark('code source', source);
    person bigint;
    given private.password_code;
BEGIN
    SELECT patron_id INTO person FROM card WHERE number = card_number AND ended_on IS NULL;
    SELECT * INTO given FROM private.password_code WHERE patron_id = person AND expires_at > now() FOR UPDATE;
    IF private.is_paused(ARRAY[here, from_source]) THEN
        RETURN false;
    END IF;
    IF given.patron_id IS NULL
        OR given.code_hash <> sha256(convert_to(given.salt::text || code, 'UTF8')) THEN
        PERFORM private.count_failure(here, 5);
        PERFORM private.count_failure(from_source, 50);
        -- from wherever: a code is worth thirty guesses
        UPDATE private.password_code SET failures = failures + 1 WHERE patron_id = person;
        DELETE FROM private.password_code WHERE patron_id = person AND failures >= 30;
        RETURN false;
    END IF;
    DELETE FROM private.password_code WHERE patron_id = person;
    DELETE FROM private.patron_session WHERE patron_id = person;
    DELETE FROM private.attempt WHERE mark IN (private.mark('number', card_number), here);
    INSERT INTO private.patron_password (patron_id, changed_on, salt, verifier)
    VALUES (person, (now() AT TIME ZONE 'Asia/Tokyo')::date, new_salt, new_verifier)
    ON CONFLICT (patron_id) DO UPDATE
    SET changed_on = excluded.changed_on, salt = excluded.salt, verifier = excluded.verifier;
    RETURN true;
END $$;

-- for the staff role, which cannot enter the schema: a new code replaces the former, nothing can be read
CREATE FUNCTION ils.password_code_put(person bigint, code text, valid_for interval) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
    INSERT INTO private.password_code (patron_id, salt, code_hash, expires_at)
    SELECT person, s, sha256(convert_to(s::text || code, 'UTF8')), now() + least(valid_for, interval '14 days')
    FROM gen_random_uuid() s
    ON CONFLICT (patron_id) DO UPDATE
    SET salt = excluded.salt, code_hash = excluded.code_hash, expires_at = excluded.expires_at, failures = 0;
$$;

CREATE FUNCTION ils.member_is_paused(card_number text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ils, pg_temp AS $$
    SELECT private.is_paused(ARRAY[private.mark('number', card_number)]);
$$;
CREATE FUNCTION ils.member_unpause(card_number text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
    DELETE FROM private.attempt WHERE mark = private.mark('number', card_number);
$$;

CREATE FUNCTION private.note_reading() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
BEGIN
    INSERT INTO private.reading_note (patron_id, record_id, lent_on)
    SELECT NEW.patron_id, i.record_id, NEW.lent_on
    FROM private.history_wish w JOIN item i ON i.id = NEW.item_id WHERE w.patron_id = NEW.patron_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER loan_reading_note AFTER INSERT ON loan FOR EACH ROW WHEN (NEW.patron_id IS NOT NULL)
    EXECUTE FUNCTION private.note_reading();
"""
# the tables that Django makes lie in the first schema of the path; their foreign keys clean up after a patron
PRIVATE = r"""
ALTER TABLE history_wish SET SCHEMA private;
ALTER TABLE reading_note SET SCHEMA private;
DO $$
DECLARE
    foreign_key record;
BEGIN
    FOR foreign_key IN
        SELECT conrelid::regclass AS tab, conname, pg_get_constraintdef(oid) AS def FROM pg_constraint
        WHERE contype = 'f' AND conrelid IN ('private.history_wish'::regclass, 'private.reading_note'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', foreign_key.tab, foreign_key.conname);
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', foreign_key.tab, foreign_key.conname,
            replace(foreign_key.def, ' DEFERRABLE INITIALLY DEFERRED', ' ON DELETE CASCADE'));
    END LOOP;
END $$;
"""
PATRON = {"on_delete": models.DO_NOTHING, "related_name": "+", "to": "patrons.patron"}


class Migration(migrations.Migration):
    dependencies = (("vault", "0002_private_schema"), ("circulation", "0004_undo"))
    operations = (
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("PatronPassword")]),
        migrations.CreateModel(
            name="HistoryWish",
            fields=(
                ("patron", models.OneToOneField(primary_key=True, serialize=False, **PATRON)),
                ("since", models.DateField()),
            ),
            options={"db_table": "history_wish"},
        ),
        migrations.CreateModel(
            name="ReadingNote",
            fields=(
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("patron", models.ForeignKey(**PATRON)),
                (
                    "record",
                    models.ForeignKey(on_delete=models.DO_NOTHING, related_name="+", to="catalog.record"),
                ),
                ("lent_on", models.DateField()),
            ),
            options={
                "db_table": "reading_note",
                "constraints": [
                    models.UniqueConstraint(fields=("patron", "record", "lent_on"), name="reading_note_once")
                ],
            },
        ),
        migrations.RunSQL(PRIVATE, migrations.RunSQL.noop),
        migrations.RunSQL(FORWARD),
    )
