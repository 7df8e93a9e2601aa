"""What the management of items needs: accession numbers, withdrawals, and an account of every change."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q
from django.utils import timezone

SOURCES = ["purchase", "donation", "transfer", "other"]
REASONS = ["worn", "lost", "not-returned", "compensated", "outdated", "duplicate", "transfer", "disaster", "mistaken"]
KINDS = ["accession", "edit", "bulk", "reassign", "missing", "found", "withdraw", "revert"]
LINES = ["made", "changed", "same", "refused", "unknown", "repeated"]

# items of before get their numbers in the order in which they came
NUMBER = """
UPDATE item SET accession_number = n.number, accessioned_on = n.day
FROM (SELECT i.id, row_number() OVER (ORDER BY i.id) AS number, r.added_on AS day
      FROM item i JOIN record r ON r.id = i.record_id) n
WHERE n.id = item.id;
UPDATE item SET withdrawn_on = current_date, withdrawal_reason = 'outdated' WHERE condition = 'withdrawn';
"""
FORWARD = """
-- Accession numbers run without a gap: the next one is taken under a lock that the transaction keeps, and an item is
-- never deleted. A rolled back accession leaves none behind.
CREATE FUNCTION item_accession() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
BEGIN
    IF NEW.accession_number = 0 THEN
        PERFORM pg_advisory_xact_lock(1230259533, 1);  -- 'ITEM'
        NEW.accession_number := (SELECT coalesce(max(accession_number), 0) + 1 FROM item);
    END IF;
    NEW.accessioned_on := coalesce(NEW.accessioned_on, (now() AT TIME ZONE 'Asia/Tokyo')::date);
    RETURN NEW;
END $$;
CREATE TRIGGER item_accession BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION item_accession();

-- A withdrawn item is nobody's: not on loan, not captured. Both sides lock the item's row, so neither can overtake
-- the other.
CREATE FUNCTION item_withdrawn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM loan WHERE item_id = NEW.id AND returned_on IS NULL)
       OR EXISTS (SELECT 1 FROM hold WHERE item_id = NEW.id) THEN
        RAISE EXCEPTION 'item % is on loan or captured', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'item_withdrawn_is_free';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER item_withdrawn AFTER UPDATE OF condition ON item FOR EACH ROW
    WHEN (NEW.condition = 'withdrawn' AND OLD.condition <> 'withdrawn') EXECUTE FUNCTION item_withdrawn();

CREATE FUNCTION item_in_use() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
DECLARE
    found text;
BEGIN
    SELECT condition INTO found FROM item WHERE id = NEW.item_id FOR SHARE;
    IF found = 'withdrawn' THEN
        RAISE EXCEPTION 'item % is withdrawn', NEW.item_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'item_withdrawn_is_free';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER loan_item_in_use AFTER INSERT OR UPDATE OF item_id, returned_on ON loan FOR EACH ROW
    WHEN (NEW.returned_on IS NULL) EXECUTE FUNCTION item_in_use();
CREATE TRIGGER hold_item_in_use AFTER INSERT OR UPDATE OF item_id ON hold FOR EACH ROW
    WHEN (NEW.item_id IS NOT NULL) EXECUTE FUNCTION item_in_use();

-- Item numbers that the system gives (the first nine digits), on labels too that are printed before there is an item.
CREATE SEQUENCE item_number_seq AS bigint MINVALUE 100000000 MAXVALUE 999999999;
SELECT setval('item_number_seq', greatest(100000000, (SELECT coalesce(max(left(barcode, 9)::bigint), 0) FROM item)));
"""
BACKWARD = """
DROP TRIGGER item_accession ON item;
DROP TRIGGER item_withdrawn ON item;
DROP TRIGGER loan_item_in_use ON loan;
DROP TRIGGER hold_item_in_use ON hold;
DROP FUNCTION item_accession();
DROP FUNCTION item_withdrawn();
DROP FUNCTION item_in_use();
DROP SEQUENCE item_number_seq;
"""


def choices(values: list[str]) -> list[tuple[str, str]]:
    return [(value, value.replace("-", " ").title()) for value in values]


class Migration(migrations.Migration):
    dependencies = (
        ("holdings", "0003_material_class"),
        ("circulation", "0005_receipt_slip"),
        ("holds", "0002_slips_views_rule"),
    )
    operations = (
        migrations.AddField("item", "accession_number", models.PositiveBigIntegerField(db_default=0)),
        migrations.AddField("item", "accessioned_on", models.DateField(null=True)),
        migrations.AddField(
            "item", "source", models.CharField(choices=choices(SOURCES), db_default="purchase", max_length=8)
        ),
        migrations.AddField("item", "price", models.PositiveIntegerField(blank=True, help_text="yen", null=True)),
        migrations.AddField("item", "withdrawn_on", models.DateField(blank=True, null=True)),
        migrations.AddField(
            "item",
            "withdrawal_reason",
            models.CharField(blank=True, choices=choices(REASONS), db_default="", max_length=12),
        ),
        migrations.RunSQL(NUMBER, migrations.RunSQL.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AlterField("item", "accessioned_on", models.DateField(default=timezone.localdate)),
        migrations.AlterField("item", "accession_number", models.PositiveBigIntegerField(db_default=0, unique=True)),
        migrations.AddIndex(
            "item", models.Index(fields=("library", "location", "call_number", "id"), name="item_on_shelf")
        ),
        migrations.AddIndex("item", models.Index(fields=("accessioned_on",), name="item_accessioned")),
        migrations.AddIndex(
            "item",
            models.Index(fields=("withdrawn_on",), condition=Q(withdrawn_on__isnull=False), name="item_withdrawn_on"),
        ),
        migrations.AddConstraint("item", models.CheckConstraint(condition=Q(source__in=SOURCES), name="item_source")),
        migrations.AddConstraint(
            "item", models.CheckConstraint(condition=Q(accession_number__gt=0), name="item_accession_number")
        ),
        migrations.AddConstraint(
            "item",
            models.CheckConstraint(
                condition=Q(condition="withdrawn", withdrawn_on__isnull=False, withdrawal_reason__in=REASONS)
                | (~Q(condition="withdrawn") & Q(withdrawn_on__isnull=True, withdrawal_reason="")),
                name="item_withdrawn_with_day_and_reason",
            ),
        ),
        migrations.CreateModel(
            name="ItemAct",
            fields=(
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(unique=True)),
                ("kind", models.CharField(choices=choices(KINDS), max_length=9)),
                ("made_on", models.DateField()),
                ("made_by", models.CharField(help_text="log-in ID", max_length=40)),
                (
                    "library",
                    models.ForeignKey(
                        help_text="of the counter",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.library",
                    ),
                ),
                ("reason", models.CharField(blank=True, help_text="why, of the items", max_length=200)),
                (
                    "reverts",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reverted_by",
                        to="holdings.itemact",
                    ),
                ),
                ("given", models.PositiveIntegerField(help_text="numbers that were given")),
                ("made", models.PositiveIntegerField(default=0)),
                ("changed", models.PositiveIntegerField(default=0)),
                ("same", models.PositiveIntegerField(default=0, help_text="were so already")),
                ("refused", models.PositiveIntegerField(default=0)),
                ("unknown", models.PositiveIntegerField(default=0)),
                ("repeated", models.PositiveIntegerField(default=0)),
                ("confirmed", models.BooleanField(default=True)),
            ),
            options={"db_table": "item_act", "ordering": ("-pk",)},
        ),
        migrations.CreateModel(
            name="ItemActLine",
            fields=(
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "act",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="holdings.itemact"
                    ),
                ),
                ("position", models.PositiveIntegerField(help_text="from 1")),
                ("number", models.CharField(help_text="as it was given", max_length=40)),
                (
                    "item",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="act_lines",
                        to="holdings.item",
                    ),
                ),
                ("outcome", models.CharField(choices=choices(LINES), max_length=8)),
                ("why", models.CharField(blank=True, help_text="of a refusal", max_length=20)),
                ("before", models.JSONField(default=dict)),
                ("after", models.JSONField(default=dict)),
            ),
            options={"db_table": "item_act_line", "ordering": ("position",)},
        ),
        migrations.AddConstraint("itemact", models.CheckConstraint(condition=Q(kind__in=KINDS), name="item_act_kind")),
        migrations.AddConstraint(
            "itemact",
            models.CheckConstraint(
                condition=Q(given=F("made") + F("changed") + F("same") + F("refused") + F("unknown") + F("repeated")),
                name="item_act_every_number_accounted_for",
            ),
        ),
        migrations.AddConstraint(
            "itemact",
            models.CheckConstraint(
                condition=Q(kind="revert", reverts__isnull=False) | (~Q(kind="revert") & Q(reverts__isnull=True)),
                name="item_act_reverts_an_act",
            ),
        ),
        migrations.AddConstraint(
            "itemactline", models.UniqueConstraint(fields=("act", "position"), name="item_act_line_once")
        ),
        migrations.AddConstraint(
            "itemactline",
            models.CheckConstraint(
                condition=Q(outcome="unknown", item__isnull=True, why="")
                | Q(outcome__in=["made", "changed", "same", "repeated"], item__isnull=False, why="")
                | Q(outcome="refused", item__isnull=False, why__gt=""),
                name="item_act_line_outcome",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    )
