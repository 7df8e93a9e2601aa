"""The undo of a return also gives back what the return made end: the pause of notices, and the contacts made.

They are sealed as the borrower is, under a stream computed from the secret of the page, padded to hide how many.
"""

from django.db import migrations

FORWARD = r"""
DELETE FROM private.undo_token;
ALTER TABLE private.undo_token ADD COLUMN besides bytea NOT NULL;

-- hides and, applied again, shows
CREATE FUNCTION undo_hide(secret uuid, content bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
DECLARE
    block bytea;
BEGIN
    FOR n IN 0 .. length(content) - 1 LOOP
        IF n % 32 = 0 THEN
            block := sha256(convert_to('besides ' || n || ' ' || secret, 'UTF8'));
        END IF;
        content := set_byte(content, n, get_byte(content, n) # get_byte(block, n % 32));
    END LOOP;
    RETURN content;
END $$;

-- before the return erases the borrower
CREATE OR REPLACE FUNCTION undo_seal(at_terminal uuid, secret uuid, of_loan bigint, counted date) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
    WITH besides AS (
        SELECT jsonb_build_object(
            'no_notice_until', l.no_notice_until,
            'contacts', (
                SELECT coalesce(jsonb_agg(to_jsonb(c) - 'id' - 'patron_id' ORDER BY c.id), '[]')
                FROM overdue_contact c WHERE c.patron_id = l.patron_id AND c.result <> 'to-send'
            )
        )::text AS content
        FROM loan l WHERE l.id = of_loan
    )
    INSERT INTO private.undo_token
        (terminal, loan_id, sealed, proof, lent_at, at_library_id, expires_at, counted_on, besides)
    SELECT at_terminal, l.id, l.patron_id # undo_mask(secret), undo_proof(secret), l.lent_at, i.at_library_id,
           clock_timestamp() + interval '3 minutes', counted,
           undo_hide(secret, convert_to(rpad(content, (length(content) / 1024 + 1) * 1024), 'UTF8'))
    FROM loan l JOIN item i ON i.id = l.item_id CROSS JOIN besides
    WHERE l.id = of_loan AND l.returned_on IS NULL;
$$;

-- item and loan that is open again, the day of the return and the day it was counted under;
-- no row: no token, lapsed, another secret, lent again, withdrawn, patron gone
CREATE OR REPLACE FUNCTION undo_return(at_terminal uuid, secret uuid)
RETURNS TABLE (item_id bigint, loan_id bigint, returned_on date, counted_on date)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
#variable_conflict use_column
DECLARE
    token private.undo_token;
    of_item bigint;
    was_returned date;
    borrower bigint;
    besides jsonb;
BEGIN
    DELETE FROM private.undo_token WHERE terminal = at_terminal RETURNING * INTO token;
    IF token.terminal IS NULL OR token.expires_at < clock_timestamp() OR token.proof <> undo_proof(secret) THEN
        RETURN;
    END IF;
    borrower := token.sealed # undo_mask(secret);
    -- in the order of a loan: patron, then item
    PERFORM 1 FROM patron WHERE id = borrower FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT l.item_id INTO of_item FROM loan l WHERE l.id = token.loan_id;
    PERFORM 1 FROM item WHERE id = of_item AND condition <> 'withdrawn' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT 1 FROM loan l WHERE l.item_id = of_item AND l.id > token.loan_id) THEN
        RETURN;
    END IF;
    SELECT l.returned_on INTO was_returned FROM loan l WHERE l.id = token.loan_id AND l.returned_on IS NOT NULL;
    IF was_returned IS NULL THEN
        RETURN;
    END IF;
    besides := convert_from(undo_hide(secret, token.besides), 'UTF8')::jsonb;
    UPDATE loan SET patron_id = borrower, lent_at = token.lent_at, returned_on = NULL,
                    no_notice_until = (besides->>'no_notice_until')::date
    WHERE id = token.loan_id;
    -- they ended with the last loan past due; while another is, they are still there
    IF NOT EXISTS (SELECT 1 FROM overdue_contact WHERE patron_id = borrower) THEN
        INSERT INTO overdue_contact (patron_id, stage, means, result, contacted_on, contacted_by)
        SELECT borrower, c.stage, c.means, c.result, c.contacted_on, c.contacted_by
        FROM jsonb_to_recordset(besides->'contacts')
             AS c (stage smallint, means varchar, result varchar, contacted_on date, contacted_by varchar);
    END IF;
    UPDATE item SET at_library_id = token.at_library_id WHERE id = of_item;
    RETURN QUERY SELECT of_item, token.loan_id, was_returned, token.counted_on;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = (("circulation", "0013_holds_wait_is_a_stop"),)
    operations = (migrations.RunSQL(FORWARD),)
