"""Sets of items that are lent to groups together; the undo of a return gives the loan its set back."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

UNDO = r"""
-- before the return erases the borrower
CREATE OR REPLACE FUNCTION undo_seal(at_terminal uuid, secret uuid, of_loan bigint, counted date) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
    WITH besides AS (
        SELECT jsonb_build_object(
            'no_notice_until', l.no_notice_until,
            'lending_set', l.lending_set_id,
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
                    no_notice_until = (besides->>'no_notice_until')::date,
                    -- unless the set was dissolved meanwhile
                    lending_set_id = (SELECT s.id FROM lending_set s WHERE s.id = (besides->>'lending_set')::bigint)
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
    dependencies = (
        ("circulation", "0016_case_file"),
        ("core", "0005_edition"),
        ("holdings", "0006_edition"),
        ("patrons", "0003_register_rules"),
    )
    operations = (
        migrations.CreateModel(
            name="LendingSetItem",
            fields=[
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="holdings.item",
                    ),
                ),
            ],
            options={
                "db_table": "lending_set_item",
            },
        ),
        migrations.CreateModel(
            name="LendingSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("prepared_on", models.DateField(default=django.utils.timezone.localdate)),
                (
                    "library",
                    models.ForeignKey(
                        help_text="prepared at",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.library",
                    ),
                ),
            ],
            options={
                "db_table": "lending_set",
                "ordering": ("name", "pk"),
            },
        ),
        migrations.AddField(
            model_name="loan",
            name="lending_set",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="loans",
                to="circulation.lendingset",
            ),
        ),
        migrations.AddIndex(
            model_name="loan",
            index=models.Index(
                condition=models.Q(("lending_set__isnull", False)), fields=["lending_set"], name="loan_of_set"
            ),
        ),
        migrations.AddConstraint(
            model_name="loan",
            constraint=models.CheckConstraint(
                condition=models.Q(("returned_on__isnull", True), ("lending_set__isnull", True), _connector="OR"),
                name="loan_set_only_while_open",
            ),
        ),
        migrations.AddField(
            model_name="lendingsetitem",
            name="lending_set",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="circulation.lendingset"
            ),
        ),
        migrations.AddField(
            model_name="lendingset",
            name="items",
            field=models.ManyToManyField(
                related_name="lending_sets", through="circulation.LendingSetItem", to="holdings.item"
            ),
        ),
        migrations.RunSQL(UNDO),
    )
