"""Statistics of lending without persons, begun with the loans that there are."""

import django.db.models.deletion
from django.db import migrations, models

FROM_LOANS = """
INSERT INTO item_month (item_id, month, loans)
SELECT item_id, date_trunc('month', lent_on)::date, count(*) FROM loan GROUP BY 1, 2;

INSERT INTO lending_fact
    (day, library_id, service_point_id, material_class_id, ndc_figure, age_band, category_id, loans)
SELECT l.lent_on, l.library_id, l.service_point_id, i.material_class_id,
       coalesce(substring(i.call_number from '[0-9]'), ''), '', coalesce(p.category_id, r.category_id), count(*)
FROM loan l JOIN item i ON i.id = l.item_id JOIN loan_rule r ON r.id = l.rule_id
    LEFT JOIN patron p ON p.id = l.patron_id
GROUP BY 1, 2, 3, 4, 5, 7;

INSERT INTO loan_span (category_id, material_class_id, library_id, service_point_id, lent_on, kept_days, loans)
SELECT r.category_id, i.material_class_id, l.library_id, l.service_point_id, l.lent_on, l.returned_on - l.lent_on,
    count(*)
FROM loan l JOIN item i ON i.id = l.item_id JOIN loan_rule r ON r.id = l.rule_id
WHERE l.returned_on IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6;
"""


class Migration(migrations.Migration):
    dependencies = (
        ("circulation", "0008_overdue_notice"),
        ("core", "0004_closing_counts"),
        ("holdings", "0003_material_class"),
        ("patrons", "0001_initial"),
    )

    operations = (
        migrations.CreateModel(
            name="ItemMonth",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "item_id", "month", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("month", models.DateField(help_text="its first day")),
                ("loans", models.PositiveIntegerField()),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="holdings.item"
                    ),
                ),
            ],
            options={
                "db_table": "item_month",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("month__day", 1)), name="item_month_first_day"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LendingFact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                (
                    "ndc_figure",
                    models.CharField(blank=True, help_text="first figure of the NDC; empty: has none", max_length=1),
                ),
                (
                    "age_band",
                    models.CharField(
                        blank=True, help_text="0-6, 7-12, 13-15, 16-18, 19-29, 30-39, …, 70-", max_length=5
                    ),
                ),
                ("loans", models.PositiveIntegerField()),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="patrons.patroncategory",
                    ),
                ),
                (
                    "library",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.library"),
                ),
                (
                    "material_class",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="holdings.materialclass"
                    ),
                ),
                (
                    "service_point",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.servicepoint",
                    ),
                ),
            ],
            options={
                "db_table": "lending_fact",
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "day",
                            "library",
                            "service_point",
                            "material_class",
                            "ndc_figure",
                            "age_band",
                            "category",
                        ),
                        name="lending_fact_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LoanSpan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lent_on", models.DateField()),
                ("kept_days", models.PositiveIntegerField()),
                ("loans", models.IntegerField()),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="patrons.patroncategory",
                    ),
                ),
                (
                    "library",
                    models.ForeignKey(
                        help_text="lent at",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.library",
                    ),
                ),
                (
                    "material_class",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="holdings.materialclass"
                    ),
                ),
                (
                    "service_point",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.servicepoint",
                    ),
                ),
            ],
            options={
                "db_table": "loan_span",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("category", "material_class", "library", "service_point", "lent_on", "kept_days"),
                        name="loan_span_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.RunSQL(FROM_LOANS, migrations.RunSQL.noop),
    )
