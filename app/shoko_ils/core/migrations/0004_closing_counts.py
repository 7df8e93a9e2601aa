"""An emergency closing counts the pickup limits that it moved and the postcards that it withdrew."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("core", "0003_calendar"),)

    operations = (
        migrations.AddField(
            model_name="calendarexception",
            name="moved_limits",
            field=models.PositiveIntegerField(default=0, help_text="pickup-by dates that it moved"),
        ),
        migrations.AddField(
            model_name="calendarexception",
            name="withdrawn_cards",
            field=models.PositiveIntegerField(default=0, help_text="postcards to be printed anew"),
        ),
    )
