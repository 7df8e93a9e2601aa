"""The undo of a return: a sealed token that neither service can read, and the functions that are its only way.

A token is of a terminal, lives until the next scan there and three minutes at most. It holds the borrower's number
combined with a mask that is computed from a secret; the secret is in the page on the terminal's screen and nowhere
in the database. The table is unlogged: it is in no standby, no archive and no base backup.
"""

from django.db import migrations

FORWARD = r"""
CREATE UNLOGGED TABLE private.undo_token (
    terminal uuid PRIMARY KEY,
    loan_id bigint NOT NULL,
    sealed bigint NOT NULL,
    proof bytea NOT NULL,
    lent_at timestamptz NOT NULL,
    at_library_id bigint NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE FUNCTION undo_mask(secret uuid) RETURNS bigint LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT ('x' || left(encode(sha256(convert_to('mask ' || secret, 'UTF8')), 'hex'), 16))::bit(64)::bigint;
$$;

CREATE FUNCTION undo_proof(secret uuid) RETURNS bytea LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT sha256(convert_to('proof ' || secret, 'UTF8'));
$$;

-- any scan at a terminal ends its token; lapsed ones of others go with it
CREATE FUNCTION undo_forget(at_terminal uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
    DELETE FROM private.undo_token WHERE terminal = at_terminal OR expires_at < clock_timestamp();
$$;

-- before the return erases the borrower
CREATE FUNCTION undo_seal(at_terminal uuid, secret uuid, of_loan bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
    INSERT INTO private.undo_token
    SELECT at_terminal, l.id, l.patron_id # undo_mask(secret), undo_proof(secret), l.lent_at, i.at_library_id,
           clock_timestamp() + interval '3 minutes'
    FROM loan l JOIN item i ON i.id = l.item_id
    WHERE l.id = of_loan AND l.returned_on IS NULL;
$$;

-- the item whose loan is open again, or null: no token, lapsed, another secret, lent again, patron gone
CREATE FUNCTION undo_return(at_terminal uuid, secret uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
DECLARE
    token private.undo_token;
    of_item bigint;
    borrower bigint;
BEGIN
    DELETE FROM private.undo_token WHERE terminal = at_terminal RETURNING * INTO token;
    IF token.terminal IS NULL OR token.expires_at < clock_timestamp() OR token.proof <> undo_proof(secret) THEN
        RETURN NULL;
    END IF;
    borrower := token.sealed # undo_mask(secret);
    -- in the order of a loan: patron, then item
    PERFORM 1 FROM patron WHERE id = borrower FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT item_id INTO of_item FROM loan WHERE id = token.loan_id;
    PERFORM 1 FROM item WHERE id = of_item FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM loan WHERE item_id = of_item AND id > token.loan_id) THEN
        RETURN NULL;
    END IF;
    UPDATE loan SET patron_id = borrower, lent_at = token.lent_at, returned_on = NULL
    WHERE id = token.loan_id AND returned_on IS NOT NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    UPDATE item SET at_library_id = token.at_library_id WHERE id = of_item;
    RETURN of_item;
END $$;
"""
BACKWARD = """
DROP FUNCTION undo_return(uuid, uuid);
DROP FUNCTION undo_seal(uuid, uuid, bigint);
DROP FUNCTION undo_forget(uuid);
DROP FUNCTION undo_proof(uuid);
DROP FUNCTION undo_mask(uuid);
DROP TABLE private.undo_token;
"""


class Migration(migrations.Migration):
    dependencies = (("circulation", "0003_rules_cases_counts"), ("vault", "0002_private_schema"))
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
