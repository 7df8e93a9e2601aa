"""Contacts and photos of a case that waits for a decision, and their end with it."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models

LEAVE_WITH_THE_PATRON = """
CREATE FUNCTION case_is_open() RETURNS trigger LANGUAGE plpgsql SET search_path = ils, pg_temp AS $$
BEGIN
    -- waits for a settlement under way
    PERFORM 1 FROM return_case WHERE id = NEW.case_id AND settled_on IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a settled case keeps neither contacts nor photos'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_of_open_case';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_contact_of_open_case BEFORE INSERT OR UPDATE ON case_contact
    FOR EACH ROW EXECUTE FUNCTION case_is_open();
CREATE TRIGGER case_photo_of_open_case BEFORE INSERT OR UPDATE ON case_photo
    FOR EACH ROW EXECUTE FUNCTION case_is_open();

CREATE FUNCTION case_file_ends() RETURNS trigger LANGUAGE plpgsql SET search_path = ils, pg_temp AS $$
BEGIN
    DELETE FROM case_contact WHERE case_id = NEW.id;
    DELETE FROM case_photo WHERE case_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER return_case_file_ends AFTER UPDATE OF settled_on ON return_case
    FOR EACH ROW WHEN (NEW.settled_on IS NOT NULL) EXECUTE FUNCTION case_file_ends();
"""


class Migration(migrations.Migration):
    dependencies = (("circulation", "0015_edition"),)
    operations = (
        migrations.CreateModel(
            name="CaseContact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "means",
                    models.CharField(
                        choices=[
                            ("phone", "Phone"),
                            ("counter", "Counter"),
                            ("email", "Email"),
                            ("postcard", "Postcard"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("patron", "Patron"),
                            ("agrees", "Agrees"),
                            ("disputes", "Disputes"),
                            ("form-received", "Form Received"),
                            ("family", "Family"),
                            ("absent", "Absent"),
                            ("unreachable", "Unreachable"),
                            ("sent", "Sent"),
                        ],
                        max_length=13,
                    ),
                ),
                ("contacted_on", models.DateField()),
                ("contacted_by", models.CharField(help_text="log-in ID", max_length=40)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="contacts",
                        to="circulation.returncase",
                    ),
                ),
            ],
            options={
                "db_table": "case_contact",
                "ordering": ("-contacted_on", "-id"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("means__in", ["phone", "counter", "email", "postcard"]),
                            (
                                "result__in",
                                [
                                    "patron",
                                    "agrees",
                                    "disputes",
                                    "form-received",
                                    "family",
                                    "absent",
                                    "unreachable",
                                    "sent",
                                ],
                            ),
                        ),
                        name="case_contact_coded",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CasePhoto",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("content", models.BinaryField()),
                ("added_on", models.DateField()),
                ("added_by", models.CharField(help_text="log-in ID", max_length=40)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="photos", to="circulation.returncase"
                    ),
                ),
            ],
            options={
                "db_table": "case_photo",
                "ordering": ("position",),
                "constraints": [
                    models.UniqueConstraint(fields=("case", "position"), name="case_photo_position"),
                    models.CheckConstraint(condition=models.Q(("position__range", (1, 4))), name="case_photo_few"),
                    models.CheckConstraint(
                        condition=django.db.models.lookups.LessThanOrEqual(
                            django.db.models.functions.text.Length("content"), 1500000
                        ),
                        name="case_photo_small",
                    ),
                ],
            },
        ),
        migrations.RunSQL(LEAVE_WITH_THE_PATRON),
    )
