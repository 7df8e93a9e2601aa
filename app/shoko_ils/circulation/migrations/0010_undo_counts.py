"""The undo knows under which day the return was counted, and says which loan is open again."""

from django.db import migrations

FORWARD = r"""
DELETE FROM private.undo_token;
ALTER TABLE private.undo_token ADD COLUMN counted_on date NOT NULL;
DROP FUNCTION undo_seal(uuid, uuid, bigint);
DROP FUNCTION undo_return(uuid, uuid);

-- before the return erases the borrower
CREATE FUNCTION undo_seal(at_terminal uuid, secret uuid, of_loan bigint, counted date) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
    INSERT INTO private.undo_token
    SELECT at_terminal, l.id, l.patron_id # undo_mask(secret), undo_proof(secret), l.lent_at, i.at_library_id,
           clock_timestamp() + interval '3 minutes', counted
    FROM loan l JOIN item i ON i.id = l.item_id
    WHERE l.id = of_loan AND l.returned_on IS NULL;
$$;

-- item and loan that is open again, the day of the return and the day it was counted under;
-- no row: no token, lapsed, another secret, lent again, patron gone
CREATE FUNCTION undo_return(at_terminal uuid, secret uuid)
RETURNS TABLE (item_id bigint, loan_id bigint, returned_on date, counted_on date)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
#variable_conflict use_column
DECLARE
    token private.undo_token;
    of_item bigint;
    was_returned date;
    borrower bigint;
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
    PERFORM 1 FROM item WHERE id = of_item FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM loan l WHERE l.item_id = of_item AND l.id > token.loan_id) THEN
        RETURN;
    END IF;
    SELECT l.returned_on INTO was_returned FROM loan l WHERE l.id = token.loan_id AND l.returned_on IS NOT NULL;
    IF was_returned IS NULL THEN
        RETURN;
    END IF;
    UPDATE loan SET patron_id = borrower, lent_at = token.lent_at, returned_on = NULL WHERE id = token.loan_id;
    UPDATE item SET at_library_id = token.at_library_id WHERE id = of_item;
    RETURN QUERY SELECT of_item, token.loan_id, was_returned, token.counted_on;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = (("circulation", "0009_statistics"),)
    operations = (migrations.RunSQL(FORWARD),)
