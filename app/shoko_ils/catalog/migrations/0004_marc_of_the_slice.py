"""Gives the records of the first slice the MARC record that is their truth from now on.

They all came from `load_demo`. Search documents are made by `rebuild_catalogue`, which `migrate` runs afterwards.
"""

from typing import Any

from django.db import migrations

from shoko_ils.catalog.normalise import fold
from shoko_ils.demo import marc

INDEX = """
-- an import comes in thousands: the index takes them in its pending list and sorts them in at once
ALTER INDEX search_tokens SET (fastupdate = on, gin_pending_list_limit = 16384);
"""


def give_marc(apps: Any, schema_editor: Any) -> None:
    authority, heading = apps.get_model("catalog", "Authority"), apps.get_model("catalog", "Heading")
    record, stored = apps.get_model("catalog", "Record"), apps.get_model("catalog", "Marc")
    for each in authority.objects.all():
        authority.objects.filter(pk=each.pk).update(key=fold(each.name), number=marc.authority_number(each.pk))
    names: dict[int, list[marc.Name]] = {}
    for each in heading.objects.select_related("authority").order_by("position"):
        person = each.authority
        names.setdefault(each.record_id, []).append(
            marc.Name(person.pk, person.name, person.name_reading, each.role, person.born, person.died)
        )
    for each in record.objects.iterator():
        content = marc.build(
            number=int(each.source_id.rpartition(":")[2]), title=each.title, title_reading=each.title_reading,
            subtitle=each.subtitle, subtitle_reading=each.subtitle_reading, original_title=each.original_title,
            ndc=each.ndc, for_children=each.for_children, orthography=each.orthography, host_title=each.host_title,
            publisher=each.publisher, published=each.published, added_on=each.added_on, names=names.get(each.pk, []),
        )  # fmt: skip
        stored.objects.create(record_id=each.pk, content=content, changed_by="migration")


class Migration(migrations.Migration):
    dependencies = (("catalog", "0003_marc_store"),)
    operations = (
        migrations.RunPython(give_marc, migrations.RunPython.noop),
        migrations.RunSQL(INDEX, migrations.RunSQL.noop),
    )
