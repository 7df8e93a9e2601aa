"""An application holds what the site's list of personal fields has: what is not listed stays empty."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = (("mylibrary", "0002_row_security"),)
    operations = (
        migrations.AlterField("provisionalregistration", "name_reading", models.CharField(max_length=80, blank=True)),
        migrations.AlterField("provisionalregistration", "birth_date", models.DateField(null=True, blank=True)),
        migrations.AlterField("provisionalregistration", "postal_code", models.CharField(max_length=7, blank=True)),
        migrations.AlterField("provisionalregistration", "address", models.CharField(max_length=200, blank=True)),
        migrations.RemoveConstraint("provisionalregistration", "provisional_postal_code"),
        migrations.AddConstraint(
            "provisionalregistration",
            models.CheckConstraint(name="provisional_postal_code", condition=Q(postal_code__regex=r"^([0-9]{7})?$")),
        ),
    )
