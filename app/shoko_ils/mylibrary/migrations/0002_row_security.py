"""Row-level security: of patrons, loans, holds, requests, questions and orders the public role sees its session's own.

The staff role sees all rows, as before. The owner, whose rights views and functions have, is not concerned: the views
that tell how many wait and which copy is out go on counting everything.
"""

from django.db import migrations

# table → column that names the patron
OWN_ROWS = {
    "ils.patron": "id",
    "ils.loan": "patron_id",
    "ils.hold": "patron_id",
    "ils.title_request": "patron_id",
    "ils.reference_question": "patron_id",
}
OWN_SECRETS = ("private.favourite", "private.history_wish", "private.reading_note")
# what nobody needs to be signed in for
WITHOUT_LOG_IN = ("password-code",)


def statements() -> list[str]:
    made = []
    for table, column in OWN_ROWS.items():
        made += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"CREATE POLICY staff_all ON {table} TO ils_staff USING (true) WITH CHECK (true)",
            f"CREATE POLICY own_rows ON {table} FOR SELECT TO ils_public USING ({column} = (SELECT private.patron()))",
        ]
    for table in OWN_SECRETS:
        made += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"CREATE POLICY own_rows ON {table} TO ils_public USING (patron_id = (SELECT private.patron()))"
            " WITH CHECK (patron_id = (SELECT private.patron()))",
        ]
    kinds = ", ".join(f"'{kind}'" for kind in WITHOUT_LOG_IN)
    made += [
        "ALTER TABLE ils.member_order ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY staff_all ON ils.member_order TO ils_staff USING (true) WITH CHECK (true)",
        "CREATE POLICY own_rows ON ils.member_order FOR ALL TO ils_public"
        " USING (patron_id = (SELECT private.patron()))"
        " WITH CHECK (answer IS NULL AND patron_id = (SELECT private.patron()))",
        "CREATE POLICY without_log_in ON ils.member_order FOR INSERT TO ils_public"
        f" WITH CHECK (answer IS NULL AND patron_id IS NULL AND kind IN ({kinds}))",
        "ALTER TABLE ils.provisional_registration ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY staff_all ON ils.provisional_registration TO ils_staff USING (true) WITH CHECK (true)",
        "CREATE POLICY applies ON ils.provisional_registration FOR INSERT TO ils_public WITH CHECK (true)",
    ]
    return made


ORDERS = """
ALTER TABLE member_order SET UNLOGGED;
CREATE FUNCTION member_order_told() RETURNS trigger LANGUAGE plpgsql SET search_path = ils, pg_temp AS $$
BEGIN
    PERFORM pg_notify('member_order', '');
    RETURN NULL;
END $$;
CREATE TRIGGER member_order_told AFTER INSERT ON member_order FOR EACH STATEMENT EXECUTE FUNCTION member_order_told();
"""


class Migration(migrations.Migration):
    dependencies = (
        ("mylibrary", "0001_initial"),
        ("reference", "0001_initial"),
        ("vault", "0003_members"),
        ("holds", "0002_slips_views_rule"),
    )
    operations = (migrations.RunSQL(ORDERS), migrations.RunSQL(statements()))
