"""A return is not undone once its item is withdrawn: a withdrawn item is never on loan (holdings, migration 0004)."""

from django.db import migrations

FORWARD = r"""
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
    UPDATE loan SET patron_id = borrower, lent_at = token.lent_at, returned_on = NULL WHERE id = token.loan_id;
    UPDATE item SET at_library_id = token.at_library_id WHERE id = of_item;
    RETURN QUERY SELECT of_item, token.loan_id, was_returned, token.counted_on;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = (("circulation", "0010_undo_counts"),)
    operations = (migrations.RunSQL(FORWARD),)
