"""A notice may go to an address of its own: to the former one, when the address on file was changed."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = (("notices", "0001_initial"),)
    operations = (
        migrations.AddField("notice", "address", models.EmailField(blank=True, db_default="", max_length=254)),
        migrations.AddConstraint(
            "notice",
            models.CheckConstraint(
                name="notice_address_leaves_with_the_patron", condition=Q(address="") | Q(patron__isnull=False)
            ),
        ),
    )
