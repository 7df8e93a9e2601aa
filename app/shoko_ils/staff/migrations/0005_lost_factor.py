"""A second factor that was lost is reset by two persons, like a change of rights."""

from django.db import migrations, models

FORWARD = """
CREATE OR REPLACE FUNCTION authority_confirm(request_id bigint, confirmer bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
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
    WHEN 'factor' THEN
        PERFORM FROM staff_account WHERE id = asked.account_id AND (removed_on IS NULL OR removed_on > today);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'account of request % is removed', request_id USING ERRCODE = 'no_data_found';
        END IF;
        DELETE FROM staff_totp WHERE account_id = asked.account_id;
        DELETE FROM staff_recovery_code WHERE account_id = asked.account_id;
        UPDATE staff_account SET failed_logins = 0, refused_until = NULL WHERE id = asked.account_id;
    END CASE;
    PERFORM staff_forget();
END $$;
"""
COMPLETE = "authority_request_complete"


def complete(*without_more: str) -> models.CheckConstraint:
    """What a request must tell; kinds `without_more` need the account alone."""
    return models.CheckConstraint(
        name=COMPLETE,
        condition=(
            models.Q(kind__in=["register", "change"], level__isnull=False, library__isnull=False, name__gt="")
            | models.Q(kind__in=["grant", "revoke"], duty__gt="")
            | models.Q(kind__in=without_more)
        ),
    )


KINDS = ("register", "change", "grant", "revoke", "end", "factor")
REASONS = ("joined", "moved", "duty", "left", "incident", "lost")


class Migration(migrations.Migration):
    dependencies = (("staff", "0004_temporary_tables_last"),)
    operations = (
        migrations.AlterField(
            "authorityrequest", "kind",
            models.CharField(max_length=8, choices=[(each, each.capitalize()) for each in KINDS]),
        ),
        migrations.AlterField(
            "authorityrequest", "reason",
            models.CharField(max_length=8, choices=[(each, each.capitalize()) for each in REASONS]),
        ),
        migrations.RemoveConstraint("authorityrequest", COMPLETE),
        migrations.AddConstraint("authorityrequest", complete("end", "factor")),
        migrations.RunSQL(FORWARD),
    )  # fmt: skip
