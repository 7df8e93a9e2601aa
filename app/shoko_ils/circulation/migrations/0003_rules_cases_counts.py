"""Rules by material class and place, return cases, overdue stages and contacts, blocks, counts of the day."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("circulation", "0002_availability"),
        ("core", "0003_calendar"),
        ("holdings", "0003_material_class"),
        ("patrons", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="DayCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("act", models.CharField(help_text="lend, return, renew, hold-back, lost, settled", max_length=10)),
                ("count", models.IntegerField()),
            ],
            options={
                "db_table": "day_count",
            },
        ),
        migrations.CreateModel(
            name="LendingBlock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        choices=[("compensation", "Compensation"), ("address", "Address"), ("misuse", "Misuse")],
                        max_length=12,
                    ),
                ),
                ("began_on", models.DateField()),
                ("made_by", models.CharField(help_text="log-in ID", max_length=40)),
                ("until", models.DateField(blank=True, help_text="last day; empty: until it is lifted", null=True)),
                ("lifted_on", models.DateField(blank=True, null=True)),
                ("lifted_by", models.CharField(blank=True, db_default="", max_length=40)),
            ],
            options={
                "db_table": "lending_block",
            },
        ),
        migrations.CreateModel(
            name="OverdueContact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stage", models.PositiveSmallIntegerField()),
                (
                    "means",
                    models.CharField(
                        choices=[("email", "Email"), ("postcard", "Postcard"), ("phone", "Phone")], max_length=8
                    ),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("patron", "Patron"),
                            ("family", "Family"),
                            ("absent", "Absent"),
                            ("unreachable", "Unreachable"),
                            ("says-returned", "Says Returned"),
                            ("sent", "Sent"),
                        ],
                        max_length=13,
                    ),
                ),
                ("contacted_on", models.DateField()),
                ("contacted_by", models.CharField(help_text="log-in ID", max_length=40)),
            ],
            options={
                "db_table": "overdue_contact",
                "ordering": ("-contacted_on", "-id"),
            },
        ),
        migrations.CreateModel(
            name="OverdueStage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField(unique=True)),
                ("after_days", models.PositiveSmallIntegerField(unique=True)),
                (
                    "means",
                    models.CharField(
                        choices=[("email", "Email"), ("postcard", "Postcard"), ("phone", "Phone")], max_length=8
                    ),
                ),
            ],
            options={
                "db_table": "overdue_stage",
                "ordering": ("number",),
            },
        ),
        migrations.CreateModel(
            name="ReturnCase",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("dirty", "Dirty"),
                            ("damaged", "Damaged"),
                            ("water", "Water"),
                            ("parts-missing", "Parts Missing"),
                            ("left-inside", "Left Inside"),
                            ("lost", "Lost"),
                        ],
                        max_length=13,
                    ),
                ),
                ("opened_on", models.DateField()),
                ("opened_by", models.CharField(help_text="log-in ID", max_length=40)),
                ("decide_by", models.DateField()),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("not-needed", "Not Needed"),
                            ("repair", "Repair"),
                            ("same-copy", "Same Copy"),
                            ("substitute", "Substitute"),
                            ("waived", "Waived"),
                            ("found", "Found"),
                        ],
                        db_default="",
                        max_length=10,
                    ),
                ),
                ("decided_on", models.DateField(blank=True, null=True)),
                ("decided_by", models.CharField(blank=True, db_default="", max_length=40)),
                ("settled_on", models.DateField(blank=True, null=True)),
                ("settled_by", models.CharField(blank=True, db_default="", max_length=40)),
            ],
            options={
                "db_table": "return_case",
            },
        ),
        migrations.RemoveConstraint(
            model_name="loan",
            name="loan_borrower_only_while_open",
        ),
        migrations.RemoveConstraint(
            model_name="loanrule",
            name="loan_rule_one_in_force",
        ),
        migrations.AddField(
            model_name="loan",
            name="no_notice_until",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="loan",
            name="pending",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name="loan",
            name="renewals",
            field=models.PositiveSmallIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="loan",
            name="service_point",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="core.servicepoint",
            ),
        ),
        migrations.AddField(
            model_name="loanrule",
            name="counts_pending",
            field=models.BooleanField(db_default=False, help_text="返却保留 counts against the limits"),
        ),
        migrations.AddField(
            model_name="loanrule",
            name="made_by",
            field=models.CharField(blank=True, db_default="", help_text="log-in ID", max_length=40),
        ),
        migrations.AddField(
            model_name="loanrule",
            name="material_class",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="holdings.materialclass",
            ),
        ),
        migrations.AddField(
            model_name="loanrule",
            name="max_class_loans",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="loanrule",
            name="max_renewals",
            field=models.PositiveSmallIntegerField(blank=True, db_default=1, null=True),
        ),
        migrations.AddField(
            model_name="loanrule",
            name="overdue_stop_days",
            field=models.PositiveSmallIntegerField(blank=True, db_default=30, null=True),
        ),
        migrations.AddField(
            model_name="loanrule",
            name="renewal_basis",
            field=models.CharField(choices=[("today", "Today"), ("due", "Due")], db_default="today", max_length=5),
        ),
        migrations.AddField(
            model_name="loanrule",
            name="service_point",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="core.servicepoint",
            ),
        ),
        migrations.AddIndex(
            model_name="loan",
            index=models.Index(
                condition=models.Q(("returned_on__isnull", True)), fields=["due_on"], name="loan_open_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="loan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lent_at__isnull", False), ("patron__isnull", False), ("returned_on__isnull", True)),
                    models.Q(
                        ("lent_at__isnull", True),
                        ("no_notice_until__isnull", True),
                        ("patron__isnull", True),
                        ("pending", False),
                        ("returned_on__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="loan_borrower_only_while_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="loan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("returned_on__isnull", True), ("returned_on__gte", models.F("lent_on")), _connector="OR"
                ),
                name="loan_returned_not_before_lent",
            ),
        ),
        migrations.AddConstraint(
            model_name="loanrule",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_on__isnull", True)),
                fields=("category", "material_class", "library", "service_point"),
                name="loan_rule_one_in_force",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="loanrule",
            constraint=models.UniqueConstraint(
                fields=("category", "material_class", "library", "service_point", "version"),
                name="loan_rule_version_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="loanrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("library__isnull", True), ("service_point__isnull", True), _connector="OR"),
                name="loan_rule_one_place",
            ),
        ),
        migrations.AddConstraint(
            model_name="loanrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("renewal_basis__in", ["today", "due"])), name="loan_rule_basis"
            ),
        ),
        migrations.AddField(
            model_name="daycount",
            name="library",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.library"),
        ),
        migrations.AddField(
            model_name="daycount",
            name="material_class",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="holdings.materialclass"
            ),
        ),
        migrations.AddField(
            model_name="daycount",
            name="service_point",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="core.servicepoint",
            ),
        ),
        migrations.AddField(
            model_name="lendingblock",
            name="patron",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="lending_blocks", to="patrons.patron"
            ),
        ),
        migrations.AddField(
            model_name="overduecontact",
            name="patron",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="overdue_contacts", to="patrons.patron"
            ),
        ),
        migrations.AddConstraint(
            model_name="overduestage",
            constraint=models.CheckConstraint(condition=models.Q(("after_days__gt", 0)), name="overdue_stage_days"),
        ),
        migrations.AddField(
            model_name="returncase",
            name="library",
            field=models.ForeignKey(
                help_text="opened at", on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.library"
            ),
        ),
        migrations.AddField(
            model_name="returncase",
            name="loan",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="cases", to="circulation.loan"
            ),
        ),
        migrations.AddConstraint(
            model_name="daycount",
            constraint=models.UniqueConstraint(
                fields=("day", "library", "service_point", "act", "material_class"),
                name="day_count_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="lendingblock",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__isnull", True), ("until__gte", models.F("began_on")), _connector="OR"),
                name="lending_block_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="lendingblock",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lifted_by", ""), ("lifted_on__isnull", True)),
                    models.Q(("lifted_by__gt", ""), ("lifted_on__isnull", False)),
                    _connector="OR",
                ),
                name="lending_block_lifted",
            ),
        ),
        migrations.AddConstraint(
            model_name="returncase",
            constraint=models.UniqueConstraint(
                condition=models.Q(("settled_on__isnull", True)), fields=("loan",), name="return_case_one_open_per_loan"
            ),
        ),
        migrations.AddConstraint(
            model_name="returncase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_by", ""), ("decided_on__isnull", True), ("decision", "")),
                    models.Q(("decided_by__gt", ""), ("decided_on__isnull", False), ("decision__gt", "")),
                    _connector="OR",
                ),
                name="return_case_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="returncase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("settled_by", ""), ("settled_on__isnull", True)),
                    models.Q(("decision__gt", ""), ("settled_by__gt", ""), ("settled_on__isnull", False)),
                    _connector="OR",
                ),
                name="return_case_settled_after_decision",
            ),
        ),
        migrations.RunSQL(
            # what a site begins with; its file names its own
            "INSERT INTO overdue_stage (number, after_days, means) VALUES (1, 7, 'email'), (2, 14, 'postcard'),"
            " (3, 30, 'phone')",
            migrations.RunSQL.noop,
        ),
    ]
