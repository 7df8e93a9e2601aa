"""A change of rights takes effect by one function, which asks for two persons of level 1; IDs are spent for ever."""

from django.db import migrations

FORWARD = """
-- SECURITY DEFINER: the staff service may write no level, library or duty by itself.
CREATE FUNCTION authority_confirm(request_id bigint, confirmer bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils AS $$
DECLARE
    asked authority_request;
    today date := (clock_timestamp() AT TIME ZONE 'Asia/Tokyo')::date;
BEGIN
    SELECT * INTO asked FROM authority_request WHERE id = request_id FOR UPDATE;
    IF NOT FOUND OR asked.refused_by_id IS NOT NULL THEN
        RAISE EXCEPTION 'no open request %', request_id USING ERRCODE = 'no_data_found';
    END IF;
    IF asked.confirmed_by_id IS NOT NULL THEN
        RETURN;
    END IF;
    IF 2 <> (SELECT count(*) FROM staff_account WHERE id IN (asked.requested_by_id, confirmer) AND level = 1
             AND registered_on <= today AND (removed_on IS NULL OR removed_on > today)) THEN
        RAISE EXCEPTION 'two persons of level 1 are needed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE authority_request SET confirmed_by_id = confirmer, confirmed_at = clock_timestamp() WHERE id = request_id;
    CASE asked.kind
    WHEN 'register' THEN
        INSERT INTO staff_account (login_id, name, section, job_class, post, level, library_id, registered_on,
                                   removed_on, password, failed_logins)
        VALUES (asked.login_id, asked.name, asked.section, asked.job_class, asked.post, asked.level, asked.library_id,
                asked.from_on, asked.until_on, '!', 0);
    WHEN 'change' THEN
        UPDATE staff_account SET name = asked.name, section = asked.section, job_class = asked.job_class,
            post = asked.post, level = asked.level, library_id = asked.library_id WHERE id = asked.account_id;
    WHEN 'grant' THEN
        INSERT INTO assigned_duty (account_id, duty, from_on, until_on)
        VALUES (asked.account_id, asked.duty, asked.from_on, asked.until_on);
    WHEN 'revoke' THEN
        UPDATE assigned_duty SET until_on = asked.from_on - 1
        WHERE account_id = asked.account_id AND duty = asked.duty
            AND (until_on IS NULL OR until_on >= asked.from_on);
    WHEN 'end' THEN
        UPDATE staff_account SET removed_on = greatest(asked.from_on, registered_on) WHERE id = asked.account_id;
    END CASE;
    PERFORM staff_forget();
END $$;

-- What recognises a person goes on the day of 抹消日 (S4:L405); the row stays, so that the ID is spent.
CREATE FUNCTION staff_forget() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils AS $$
DECLARE
    today date := (clock_timestamp() AT TIME ZONE 'Asia/Tokyo')::date;
    gone integer;
BEGIN
    DELETE FROM staff_pin USING staff_account a WHERE a.id = account_id AND a.removed_on <= today;
    DELETE FROM staff_totp USING staff_account a WHERE a.id = account_id AND a.removed_on <= today;
    DELETE FROM staff_recovery_code USING staff_account a WHERE a.id = account_id AND a.removed_on <= today;
    UPDATE staff_account SET password = '!', card = NULL
    WHERE removed_on <= today AND (password <> '!' OR card IS NOT NULL);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

CREATE FUNCTION staff_tombstone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.login_id = OLD.login_id THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an ID is never used again: % of a staff account refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER staff_tombstone BEFORE UPDATE OR DELETE ON staff_account
    FOR EACH ROW EXECUTE FUNCTION staff_tombstone();
"""
BACKWARD = """
DROP TRIGGER staff_tombstone ON staff_account;
DROP FUNCTION staff_tombstone();
DROP FUNCTION authority_confirm(bigint, bigint);
DROP FUNCTION staff_forget();
"""


class Migration(migrations.Migration):
    dependencies = (("staff", "0002_authority"),)
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
