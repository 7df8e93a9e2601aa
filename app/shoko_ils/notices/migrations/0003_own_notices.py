"""A citizen sees in My Library what was sent to him: of notices the public role sees its session's own."""

from django.db import migrations

STATEMENTS = (
    "ALTER TABLE ils.notice ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY staff_all ON ils.notice TO ils_staff USING (true) WITH CHECK (true)",
    "CREATE POLICY own_rows ON ils.notice FOR SELECT TO ils_public USING (patron_id = (SELECT private.patron()))",
)


class Migration(migrations.Migration):
    dependencies = (("notices", "0002_address"), ("vault", "0003_members"))
    operations = (migrations.RunSQL(list(STATEMENTS)),)
