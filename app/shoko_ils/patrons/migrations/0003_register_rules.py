"""Kinds of cards and contacts, the last day as a pupil, and the year of the last use, by the database itself."""

from django.db import migrations

FORWARD = """
ALTER TABLE card ADD CONSTRAINT card_kind_of_its_patron FOREIGN KEY (patron_id, patron_kind)
    REFERENCES patron (id, kind) DEFERRABLE INITIALLY DEFERRED;

-- only a group has somebody to call
ALTER TABLE group_contact ADD COLUMN patron_kind varchar(6) GENERATED ALWAYS AS ('group') STORED;
ALTER TABLE group_contact ADD CONSTRAINT group_contact_of_a_group FOREIGN KEY (patron_id, patron_kind)
    REFERENCES patron (id, kind) DEFERRABLE INITIALLY DEFERRED;

-- Without today's date: a dump of 31 March is restored on 1 April. `school.primary_until` is the same arithmetic.
ALTER TABLE patron ADD CONSTRAINT patron_primary_until_by_law CHECK (
    primary_reason <> '' OR primary_until IS NULL OR (
        birth_date IS NOT NULL AND primary_until = make_date(
            extract(year FROM birth_date)::int
            + CASE WHEN extract(month FROM birth_date) * 100 + extract(day FROM birth_date) <= 401 THEN 12 ELSE 13 END,
            3, 31))
);

-- The year of the last loan outlives the loan: whoever has borrowed nothing for years is found without a history.
CREATE FUNCTION patron_used() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE patron SET used_in = extract(year FROM NEW.lent_on)
    WHERE id = NEW.patron_id AND coalesce(used_in, 0) < extract(year FROM NEW.lent_on);
    RETURN NULL;
END $$;
CREATE TRIGGER patron_used AFTER INSERT ON loan FOR EACH ROW EXECUTE FUNCTION patron_used();
"""
BACKWARD = """
DROP TRIGGER patron_used ON loan;
DROP FUNCTION patron_used();
ALTER TABLE patron DROP CONSTRAINT patron_primary_until_by_law;
ALTER TABLE group_contact DROP CONSTRAINT group_contact_of_a_group;
ALTER TABLE group_contact DROP COLUMN patron_kind;
ALTER TABLE card DROP CONSTRAINT card_kind_of_its_patron;
"""


class Migration(migrations.Migration):
    dependencies = (("patrons", "0002_register"), ("circulation", "0001_initial"))
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
