"""Which issue of a magazine a hold that ended was on."""

from django.db import migrations, models

FORWARD = """
ALTER TABLE private.ended_hold ADD COLUMN issue varchar(40) NOT NULL DEFAULT '';
ALTER TABLE private.ended_hold DROP CONSTRAINT ended_hold_once;
ALTER TABLE private.ended_hold ADD CONSTRAINT ended_hold_once UNIQUE (patron_id, record_id, issue);

DROP FUNCTION ils.hold_ended(bigint, bigint, text, date);
-- who has no password could never read it
CREATE FUNCTION ils.hold_ended(person bigint, title bigint, of_issue text, reason text, day date) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = ils, pg_temp AS $$
    INSERT INTO private.ended_hold (patron_id, record_id, issue, why, ended_on)
    SELECT person, title, of_issue, reason, day
    WHERE EXISTS (SELECT FROM private.patron_password WHERE patron_id = person)
    ON CONFLICT (patron_id, record_id, issue) DO UPDATE SET why = excluded.why, ended_on = excluded.ended_on;
$$;
"""
CONSTRAINT = "ended_hold_once"


class Migration(migrations.Migration):
    dependencies = (("vault", "0007_rows_go_with_the_patron"),)
    operations = (
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(FORWARD)],
            [
                migrations.AddField(
                    "endedhold",
                    "issue",
                    models.CharField(
                        blank=True,
                        db_default="",
                        help_text="of a magazine",
                        max_length=40,
                    ),
                ),
                migrations.RemoveConstraint("endedhold", CONSTRAINT),
                migrations.AddConstraint(
                    "endedhold",
                    models.UniqueConstraint(
                        fields=("patron", "record", "issue"),
                        name=CONSTRAINT,
                    ),
                ),
            ],
        ),
    )
