"""A written overdue notice waits in the outbox as a contact; one for each stage."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (
        ("circulation", "0007_closing_notice"),
        ("patrons", "0001_initial"),
    )

    operations = (
        migrations.AlterField(
            model_name="overduecontact",
            name="result",
            field=models.CharField(
                choices=[
                    ("patron", "Patron"),
                    ("family", "Family"),
                    ("absent", "Absent"),
                    ("unreachable", "Unreachable"),
                    ("says-returned", "Says Returned"),
                    ("to-send", "To Send"),
                    ("sent", "Sent"),
                ],
                max_length=13,
            ),
        ),
        migrations.RunSQL(
            # of what was recorded twice the later stays
            "DELETE FROM overdue_contact a USING overdue_contact b WHERE a.result = 'sent' AND b.result = 'sent'"
            " AND a.patron_id = b.patron_id AND a.stage = b.stage AND a.means = b.means AND a.id < b.id",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name="overduecontact",
            constraint=models.UniqueConstraint(
                condition=models.Q(("result__in", ["to-send", "sent"])),
                fields=("patron", "stage", "means"),
                name="overdue_contact_written_once",
            ),
        ),
    )
