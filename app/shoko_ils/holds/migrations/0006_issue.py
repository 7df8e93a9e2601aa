"""A hold may be on one issue of a magazine, which has a queue of its own."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

FORWARD = """
-- after a merger was taken back, a captured copy may be of another record than its hold: the hold follows it
UPDATE hold SET record_id = i.record_id FROM item i WHERE i.id = hold.item_id AND hold.record_id <> i.record_id;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE hold ADD CONSTRAINT hold_copy_is_of_its_issue FOREIGN KEY (item_id, record_id, issue)
    REFERENCES item (id, record_id, issue) DEFERRABLE INITIALLY IMMEDIATE;

CREATE FUNCTION hold_names_an_issue() RETURNS trigger LANGUAGE plpgsql SET search_path = ils, pg_temp AS $$
BEGIN
    IF NEW.issue = '' AND EXISTS (SELECT FROM record WHERE id = NEW.record_id AND material = 'serial') THEN
        RAISE EXCEPTION 'a magazine is held by issue' USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    ELSIF NEW.issue <> '' AND NOT EXISTS
        (SELECT FROM item WHERE record_id = NEW.record_id AND issue = NEW.issue) THEN
        RAISE EXCEPTION 'no copy is of this issue' USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hold_names_an_issue BEFORE INSERT ON hold FOR EACH ROW EXECUTE FUNCTION hold_names_an_issue();

DROP VIEW hold_count;
CREATE VIEW hold_count AS
    SELECT record_id, issue, count(*)::integer AS waiting FROM hold WHERE state = 'queued' GROUP BY record_id, issue;
"""


class Migration(migrations.Migration):
    dependencies = (("holds", "0005_hold_day"), ("holdings", "0007_issue"))
    operations = (
        migrations.AddField("hold", "issue", models.CharField(blank=True, db_default="", max_length=40)),
        migrations.RemoveIndex("hold", "hold_queue"),
        migrations.AddIndex(
            "hold",
            models.Index(
                fields=("record", "issue", "priority", "order_at", "id"),
                condition=Q(state="queued"),
                name="hold_queue",
            ),
        ),
        migrations.RemoveConstraint("hold", "hold_one_per_person_and_title"),
        migrations.AddConstraint(
            "hold",
            models.UniqueConstraint(
                fields=("patron", "record", "issue"),
                condition=Q(patron__isnull=False),
                name="hold_one_per_person_and_title",
            ),
        ),
        migrations.DeleteModel("HoldCount"),
        migrations.CreateModel(
            name="HoldCount",
            fields=(
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "record_id", "issue", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "record",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="catalog.record"
                    ),
                ),
                ("issue", models.CharField(max_length=40)),
                ("waiting", models.PositiveIntegerField()),
            ),
            options={"db_table": "hold_count", "managed": False},
        ),
        migrations.RunSQL(FORWARD),
    )
