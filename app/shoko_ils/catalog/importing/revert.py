"""Takes an import back: what it made goes, what it changed becomes what it was, unless it was edited since."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction

from shoko_ils.audit import record as audit
from shoko_ils.catalog import store
from shoko_ils.catalog.models import ImportBatch

SLICE = 1000


@dataclass(frozen=True)
class Obstacle:
    """A record that cannot be taken back, and why, in Japanese."""

    record_id: int
    title: str
    reason: str


def obstacles(batch: ImportBatch, limit: int = 200) -> list[Obstacle]:
    """What is in the way: records edited since, records with items, records that others were merged into."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT i.record_id, coalesce(r.title, ''),
                CASE WHEN m.record_id IS NULL THEN '取込後に削除・統合されています'
                     WHEN m.version <> i.version THEN '取込後に ' || m.changed_by || ' が変更しています(' ||
                          to_char(m.changed_at AT TIME ZONE 'Asia/Tokyo', 'YYYY-MM-DD HH24:MI') || ')'
                     WHEN EXISTS (SELECT 1 FROM merge_log l WHERE l.kept_id = i.record_id AND l.undone_at IS NULL)
                          THEN 'ほかの書誌が統合されています'
                     ELSE '所蔵資料があります' END
            FROM (SELECT record_id, max(version) AS version, bool_or(outcome = 'new') AS is_new FROM import_record
                  WHERE batch_id = %s AND outcome IN ('new', 'merged', 'replaced') GROUP BY record_id) i
            LEFT JOIN marc m USING (record_id) LEFT JOIN record r ON r.id = i.record_id
            WHERE m.record_id IS NULL OR m.version <> i.version
               OR i.is_new AND EXISTS (SELECT 1 FROM item WHERE item.record_id = i.record_id)
               OR EXISTS (SELECT 1 FROM merge_log l WHERE l.kept_id = i.record_id)
            ORDER BY i.record_id LIMIT %s
            """,
            [batch.pk, limit],
        )
        return [Obstacle(*row) for row in cursor.fetchall()]


def revert(
    batch: ImportBatch,
    actor: audit.Actor,
    *,
    except_obstacles: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[int, list[Obstacle]]:
    """Take the batch back; returns how many records, and what was in the way.

    With an obstacle nothing is changed, unless `except_obstacles` leaves exactly those records alone. Slices are
    transactions of their own, the first with the event of the audit: an interrupted run is finished by running it
    again.
    """
    found = obstacles(batch, limit=1_000_000)
    if found and not except_obstacles:
        return 0, found
    blocked = [each.record_id for each in found]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT record_id, bool_or(outcome = 'new'), min(import_record.version)"
            " FROM import_record JOIN marc USING (record_id)"
            " WHERE import_record.batch_id = %s AND outcome IN ('new', 'merged', 'replaced') AND record_id <> ALL(%s)"
            " AND marc.batch_id = %s GROUP BY record_id ORDER BY record_id",
            [batch.pk, blocked, batch.pk],
        )
        rows = cursor.fetchall()
    done = 0
    for start in range(0, len(rows), SLICE):
        part = rows[start : start + SLICE]
        with transaction.atomic():
            store.remove([number for number, is_new, _ in part if is_new])
            _restore({number: version for number, is_new, version in part if not is_new}, actor.login_id)
            if not start:
                audit.write(actor, "revert-records", "import")
        done += len(part)
        progress(done)
    with transaction.atomic():
        ImportBatch.objects.filter(pk=batch.pk).update(state=ImportBatch.State.REVERTED)
        if not rows:
            audit.write(actor, "revert-records", "import")
    return done, found


def _restore(changed: dict[int, int], by: str) -> None:
    """Records as they were before the first version that the batch wrote."""
    if not changed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.record_id, f.content, m.version FROM unnest(%s::bigint[], %s::integer[]) AS w(id, version)"
            " JOIN former_marc f ON f.record_id = w.id AND f.version = w.version - 1 JOIN marc m USING (record_id)",
            [list(changed), list(changed.values())],
        )
        entries = [store.Entry.of(bytes(c), id=number, version=version + 1) for number, c, version in cursor.fetchall()]
    store.change(entries, by)
