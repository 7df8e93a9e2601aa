"""That a hold has ended and why, for a short while, where the staff role cannot read: `private.ended_hold`."""

from django.db import migrations, models
from django.db.models import Q

PRIVATE = """
ALTER TABLE ended_hold SET SCHEMA private;
ALTER TABLE private.ended_hold ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON private.ended_hold TO ils_public USING (patron_id = (SELECT private.patron()));

-- who has no password could never read it
CREATE FUNCTION ils.hold_ended(person bigint, title bigint, reason text, day date) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
    INSERT INTO private.ended_hold (patron_id, record_id, why, ended_on)
    SELECT person, title, reason, day WHERE EXISTS (SELECT FROM private.patron_password WHERE patron_id = person)
    ON CONFLICT (patron_id, record_id) DO UPDATE SET why = excluded.why, ended_on = excluded.ended_on;
$$;

-- a return takes along what joins its borrower to the title
CREATE FUNCTION private.returned_after_all() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
BEGIN
    DELETE FROM private.ended_hold e USING item i
    WHERE i.id = NEW.item_id AND e.patron_id = OLD.patron_id AND e.record_id = i.record_id;
    RETURN NULL;
END $$;
CREATE TRIGGER loan_ended_hold AFTER UPDATE OF patron_id ON loan FOR EACH ROW
    WHEN (OLD.patron_id IS NOT NULL AND NEW.patron_id IS NULL) EXECUTE FUNCTION private.returned_after_all();
"""


class Migration(migrations.Migration):
    dependencies = (
        ("vault", "0005_address_with_password"),
        ("circulation", "0015_edition"),
        ("catalog", "0006_counted_in_the_row"),
    )
    operations = (
        migrations.CreateModel(
            name="EndedHold",
            fields=(
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("patron", models.ForeignKey(on_delete=models.DO_NOTHING, related_name="+", to="patrons.patron")),
                ("record", models.ForeignKey(on_delete=models.DO_NOTHING, related_name="+", to="catalog.record")),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("not-picked-up", "Not Picked Up"),
                            ("not-needed", "Not Needed"),
                            ("cancelled", "Cancelled"),
                            ("unobtainable", "Unobtainable"),
                        ],
                        max_length=13,
                    ),
                ),
                ("ended_on", models.DateField()),
            ),
            options={
                "db_table": "ended_hold",
                "constraints": [
                    models.UniqueConstraint(fields=("patron", "record"), name="ended_hold_once"),
                    models.CheckConstraint(
                        name="ended_hold_why",
                        condition=Q(why__in=["not-picked-up", "not-needed", "cancelled", "unobtainable"]),
                    ),
                ],
            },
        ),
        migrations.RunSQL(PRIVATE),
    )
