"""How far the audit was printed into the journal. No service may see or move it."""

from django.db import migrations

FORWARD = """
CREATE TABLE audit_shipped (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    id bigint NOT NULL,
    link text NOT NULL
);
INSERT INTO audit_shipped (id, link) VALUES (0, repeat('0', 64));
"""


class Migration(migrations.Migration):
    dependencies = (("audit", "0005_link_without_index"),)
    operations = (migrations.RunSQL(FORWARD, "DROP TABLE audit_shipped"),)
