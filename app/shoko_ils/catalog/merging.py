"""書誌統合: two records that are one. Items move, the MARC records are merged, and all of it can be undone."""

from django.db import connection, transaction
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.catalog import marc, store
from shoko_ils.catalog.importing.merging import merge as combine
from shoko_ils.catalog.models import FormerMarc, Marc, MergeLog
from shoko_ils.holds.services import records as holds


class CannotMerge(Exception):
    """Why two records cannot be merged or parted again, in Japanese."""


@transaction.atomic
def merge(kept: int, gone: int, actor: audit.Actor, reason: str) -> MergeLog:
    """Merge record `gone` into `kept`. Raises CannotMerge."""
    if kept == gone:
        raise CannotMerge("同じ書誌どうしは統合できません")
    entries = {entry.id: entry for entry in store.load(sorted((kept, gone)), lock=True)}
    if set(entries) != {kept, gone}:
        raise CannotMerge("書誌が見つかりません")
    if MergeLog.objects.filter(kept_id=gone, undone_at__isnull=True).exists():
        raise CannotMerge("この書誌にはほかの書誌が統合されています。先に統合を取り消してください")
    if not reason.strip():
        raise CannotMerge("理由を入力してください")
    holds.copies_move()
    made = combine(marc.read(entries[kept].content), marc.read(entries[gone].content))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE item SET record_id = %s WHERE record_id = %s RETURNING id", [kept, gone])
        items = [number for (number,) in cursor.fetchall()]
    holds.merged(gone, kept)
    version = entries[kept].version + 1
    store.change([store.Entry.of(marc.write(made), id=kept, version=version)], actor.login_id)
    store.remove([gone])
    log = MergeLog.objects.create(
        kept_id=kept, kept_version=version, gone_id=gone, gone_content=entries[gone].content, items=items,
        reason=reason.strip()[:200], made_by=actor.login_id,
    )  # fmt: skip
    audit.write(actor, "merge-records", "merge")
    return log


@transaction.atomic
def undo(number: int, actor: audit.Actor) -> MergeLog:
    """Part two merged records again: the one that went comes back under its number, with its items.

    Raises CannotMerge if the kept record was changed since; items that have gone elsewhere stay there.
    """
    log = MergeLog.objects.filter(pk=number).first()
    if log is None or log.undone_at is not None:
        raise CannotMerge("取り消せる統合がありません")
    current = Marc.objects.select_for_update(no_key=True).get(record=log.kept_id)
    if current.version != log.kept_version:
        raise CannotMerge(f"統合のあとに {current.changed_by} が書誌を変更しています。先にその変更を戻してください")
    before = FormerMarc.objects.get(record=log.kept_id, version=log.kept_version - 1)
    store.change([store.Entry.of(bytes(before.content), id=log.kept_id, version=current.version + 1)], actor.login_id)
    store.create([store.Entry.of(bytes(log.gone_content), id=log.gone_id)], actor.login_id)
    holds.copies_move()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE item SET record_id = %s WHERE id = ANY(%s) AND record_id = %s",
            [log.gone_id, log.items, log.kept_id],
        )
    holds.parted()
    MergeLog.objects.filter(pk=log.pk).update(undone_by=actor.login_id, undone_at=timezone.now())
    log.refresh_from_db()
    audit.write(actor, "merge-records", "merge")
    return log
