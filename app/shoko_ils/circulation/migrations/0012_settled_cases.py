"""Who opened a case, and when, leaves it with its settlement, as the borrower does; of the day the year stays."""

from django.db import migrations, models
from django.db.models import Q

COARSEN = """
UPDATE return_case SET opened_by = '', opened_on = date_trunc('year', opened_on)::date, decide_by = NULL
WHERE settled_on IS NOT NULL;
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = (("circulation", "0011_undo_withdrawn"),)
    operations = (
        migrations.AlterField(
            "returncase", "opened_on", models.DateField(help_text="of a settled case: 1 January of that year")
        ),
        migrations.AlterField(
            "returncase",
            "opened_by",
            models.CharField(blank=True, db_default="", help_text="log-in ID", max_length=40),
        ),
        migrations.AlterField("returncase", "decide_by", models.DateField(null=True)),
        migrations.RunSQL(COARSEN, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "returncase",
            models.CheckConstraint(
                name="return_case_opening_leaves_with_the_patron",
                condition=Q(settled_on__isnull=True, opened_by__gt="", decide_by__isnull=False)
                | Q(
                    settled_on__isnull=False, opened_by="", decide_by__isnull=True, opened_on__month=1, opened_on__day=1
                ),
            ),
        ),
    )
