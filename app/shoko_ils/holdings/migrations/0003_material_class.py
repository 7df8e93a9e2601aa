"""Material classes, what belongs to an item and must come back with it, and a note on the item."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

CONDITIONS = ["normal", "processing", "missing", "lost", "damaged", "withdrawn"]
# the three that every site begins with; the site file names its own
CLASSES = """
INSERT INTO material_class (key, position, name_ja, name_en, counted_as) VALUES
    ('book', 1, '図書', 'Book', 'book'),
    ('av', 2, '視聴覚資料', 'Audiovisual', 'av'),
    ('magazine', 3, '雑誌', 'Magazine', 'book')
"""


class Migration(migrations.Migration):
    dependencies = (("holdings", "0002_copies_in_search"), ("core", "0002_service_point"))
    operations = (
        migrations.CreateModel(
            name="MaterialClass",
            fields=(
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.SlugField(max_length=40, unique=True)),
                ("position", models.PositiveSmallIntegerField()),
                ("name_ja", models.CharField(max_length=40)),
                ("name_en", models.CharField(max_length=40)),
                ("counted_as", models.SlugField(max_length=40)),
            ),
            options={"db_table": "material_class", "ordering": ("position",)},
        ),
        migrations.RunSQL(CLASSES, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="item",
            name="material_class",
            # the items of the slice are books, the first class of a new table
            field=models.ForeignKey(
                default=1,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="holdings.materialclass",
            ),
            preserve_default=False,
        ),
        migrations.AddField("item", "accompanying", models.CharField(blank=True, db_default="", max_length=100)),
        migrations.AddField("item", "accompanying_count", models.PositiveSmallIntegerField(db_default=0)),
        migrations.AddField(
            "item",
            "note",
            models.CharField(blank=True, db_default="", help_text="of the item, never of a person", max_length=200),
        ),
        migrations.RemoveConstraint("item", "item_condition"),
        migrations.AlterField(
            "item",
            "condition",
            models.CharField(choices=[(c, c.title()) for c in CONDITIONS], default="normal", max_length=12),
        ),
        migrations.AddConstraint(
            "item", models.CheckConstraint(condition=Q(condition__in=CONDITIONS), name="item_condition")
        ),
        migrations.AddConstraint(
            "item",
            models.CheckConstraint(
                condition=Q(accompanying="", accompanying_count=0) | Q(accompanying__gt="", accompanying_count__gt=0),
                name="item_accompanying_counted",
            ),
        ),
    )
