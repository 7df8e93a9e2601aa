"""How the patron is told of one hold; the choice leaves the row with the patron."""

from django.db import migrations, models

ENDED = ("fulfilled", "expired", "cancelled")


class Migration(migrations.Migration):
    dependencies = (("holds", "0006_issue"),)
    operations = (
        migrations.RemoveConstraint(model_name="hold", name="hold_patron_only_while_active"),
        migrations.AddField(
            model_name="hold",
            name="contact",
            field=models.CharField(
                blank=True,
                choices=[("none", "None"), ("phone", "Phone"), ("email", "Email")],
                db_default="",
                default="",
                max_length=5,
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(("contact__in", ["", "none", "phone", "email"])), name="hold_contact"
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(("state__in", ENDED), _negated=True),
                        ("ended_on__isnull", True),
                        ("order_at__isnull", False),
                        ("patron__isnull", False),
                        ("requested_at__isnull", False),
                    ),
                    models.Q(
                        ("state__in", ENDED),
                        ("ended_on__isnull", False),
                        ("order_at__isnull", True),
                        ("patron__isnull", True),
                        ("requested_at__isnull", True),
                        ("group__isnull", True),
                        ("not_needed_after__isnull", True),
                        ("suspended_from__isnull", True),
                        ("contact", ""),
                    ),
                    _connector="OR",
                ),
                name="hold_patron_only_while_active",
            ),
        ),
    )
