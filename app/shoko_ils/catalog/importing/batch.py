"""A file on its way into the catalogue: planned, loaded slice by slice, and taken back if need be.

A slice is one transaction: its records, the account of each, and how far the file has been read. Whatever ends the
process, the next run goes on at the first record that is not accounted for.
"""

import contextlib
import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from django.db import connection, transaction
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.catalog import marc, store
from shoko_ils.catalog.extract import extract
from shoko_ils.catalog.importing import matching, merging, reading
from shoko_ils.catalog.importing.reading import Reading
from shoko_ils.catalog.importing.sources import Form, Source
from shoko_ils.catalog.marc import Unreadable
from shoko_ils.catalog.models import ImportBatch, ImportRecord

SHOWN = 50
Outcome, Policy, State = ImportRecord.Outcome, ImportBatch.Policy, ImportBatch.State
MEANT = {Policy.SKIP: Outcome.KEPT, Policy.MERGE: Outcome.MERGED, Policy.REPLACE: Outcome.REPLACED}


class WrongFile(Exception):
    """The file is not the one that the batch was begun with."""


@dataclass
class Planned:
    """What one record of the file would do, or did. `target` is the record that it meets, 0 if none."""

    number: int
    outcome: str
    title: str = ""
    target: int = 0
    code: str = ""
    reason: str = ""
    content: bytes = b""
    entry: store.Entry | None = None


@dataclass
class Preview:
    """Counts over the whole file, the first records, and the first quarantined ones."""

    counts: Counter[str] = field(default_factory=Counter)
    first: list[Planned] = field(default_factory=list)
    quarantined: list[Planned] = field(default_factory=list)

    @property
    def read(self) -> int:
        return sum(self.counts.values())

    @property
    def outcomes(self) -> list[tuple[str, int]]:
        """Counts for a template, which would look up "items" in a counter."""
        return list(self.counts.items())


def digest(file: BinaryIO) -> tuple[str, int]:
    """SHA-256 and size of a file."""
    file.seek(0)
    found, size = hashlib.sha256(), 0
    while block := file.read(1 << 20):
        found.update(block)
        size += len(block)
    return found.hexdigest(), size


def begin(
    file: BinaryIO, name: str, form: Form, encoding: str, *, columns: dict[str, str], policy: str, by: str
) -> ImportBatch:
    """The batch for a file: a new one, or the one that was begun with the same file and not ended."""
    Source(file, form, encoding, columns)  # refuses a table without a title before anything is written
    found, size = digest(file)
    batch, _ = ImportBatch.objects.get_or_create(
        digest=found,
        state__in=(State.READY, State.LOADING),
        defaults={"name": name[:200], "size": size, "form": form, "encoding": encoding, "columns": columns,
                  "policy": policy, "made_by": by, "state": State.READY},
    )  # fmt: skip
    return batch


def source_of(batch: ImportBatch, file: BinaryIO) -> Source:
    return Source(file, Form(batch.form), batch.encoding, batch.columns)


def preview(source: Source, policy: str, limit: int | None = None) -> Preview:
    """What loading would do with the first `limit` records, or all. Nothing is written."""
    made = Preview()
    pieces = itertools.islice(source.pieces(), limit)
    seen = matching.Index()
    first = 1
    for part in itertools.batched(pieces, reading.SLICE):
        for planned in _plan(reading.read(source, part), policy, first, seen):
            made.counts[planned.outcome] += 1
            shown = made.quarantined if planned.outcome == Outcome.QUARANTINED else made.first
            if len(shown) < SHOWN:
                shown.append(planned)
        first += len(part)
    return made


def load(
    batch: ImportBatch,
    file: BinaryIO,
    actor: audit.Actor,
    *,
    slices: int | None = None,
    path: Path | None = None,
    progress: Callable[[ImportBatch], None] = lambda _: None,
) -> ImportBatch:
    """Load what is left of a file, or `slices` of it; with its `path`, a second process reads ahead.

    The first transaction of each run tells the audit that `actor` loads. Raises WrongFile if it is another one,
    ReaderEnded if the second process dies: what is loaded by then stays.
    """
    if batch.state in (State.LOADED, State.REVERTED):
        return batch
    if batch.position == 0 and digest(file) != (batch.digest, batch.size):
        raise WrongFile("このファイルは取込を始めたときのファイルと違います")
    if path:
        on_disk = reading.OnDisk(path, reading.same(file), Form(batch.form), batch.encoding, batch.columns)
        parts = reading.slices_ahead(on_disk, batch.position)
    else:
        parts = reading.slices(source_of(batch, file), batch.position)
    untold: audit.Actor | None = actor
    with contextlib.closing(parts):
        for part in itertools.islice(parts, slices):
            _load_slice(batch, part, untold)
            untold = None
            progress(batch)
    if slices is None or next(source_of(batch, file).pieces(batch.position), None) is None:
        _end(batch, untold)
        progress(batch)
    return batch


def _tell(untold: audit.Actor | None) -> None:
    """Write the event of a run, unless a transaction before has done so; the last step of a transaction."""
    if untold is not None:
        audit.write(untold, "load-records", "import")


def _end(batch: ImportBatch, untold: audit.Actor | None) -> None:
    with transaction.atomic():
        batch.pieces.all().delete()
        batch.state, batch.position, batch.ended_at = State.LOADED, batch.size, timezone.now()
        batch.save(update_fields=["state", "position", "ended_at"])
        _tell(untold)


def _load_slice(batch: ImportBatch, part: Sequence[Reading], untold: audit.Actor | None) -> None:
    with transaction.atomic():
        # two processes with one batch: the second waits, sees that the slice is done, and stops
        locked = ImportBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
        if locked.position != batch.position or locked.state not in (State.READY, State.LOADING):
            raise WrongFile("この取込は別の処理が進めています")
        planned = list(_plan(part, batch.policy, batch.read + 1, matching.Index()))
        fresh = [each for each in planned if each.entry and each.outcome == Outcome.NEW]
        changed = {each.target: each for each in planned if each.entry and each.target > 0}
        store.create([each.entry for each in fresh if each.entry], batch.made_by, batch.pk)
        if changed:
            store.change([each.entry for each in changed.values() if each.entry], batch.made_by, batch.pk)
        _write_account(batch, planned, fresh)
        counts = Counter(each.outcome for each in planned)
        batch.read += len(planned)
        for outcome in Outcome:
            setattr(batch, outcome.value, getattr(batch, outcome.value) + counts[outcome])
        batch.position, batch.state = part[-1].piece.end, State.LOADING
        batch.save(update_fields=["read", "position", "state", *(outcome.value for outcome in Outcome)])
        _tell(untold)


def _write_account(batch: ImportBatch, planned: Sequence[Planned], fresh: Sequence[Planned]) -> None:
    """One row for each record of the file. A record met earlier in the same slice has its number by now."""
    numbers = {-each.number: each.entry.id for each in fresh if each.entry}

    def rows() -> Iterator[tuple[object, ...]]:
        for each in planned:
            if each.outcome == Outcome.QUARANTINED:
                yield batch.pk, each.number, each.outcome, None, None, each.code, each.reason, each.content
                continue
            target = each.entry.id if each.entry and each.outcome == Outcome.NEW else each.target
            version = each.entry.version if each.entry else None
            yield batch.pk, each.number, each.outcome, numbers.get(target, target), version, "", "", None

    store.copy(
        "import_record",
        ("batch_id", "number", "outcome", "record_id", "version", "code", "reason", "content"),
        rows(),
    )


def _plan(part: Sequence[Reading], policy: str, first: int, seen: matching.Index) -> Iterator[Planned]:
    """Decide about a slice: match with the catalogue and with what came before, apply the policy.

    `seen` remembers records of earlier slices that are not in the catalogue, for a preview.
    """
    read = [_planned(number, each) for number, each in enumerate(part, start=first)]
    known = matching.index([each.entry.made for each in read if each.entry])
    for key, found in seen.by_key.items():
        known.by_key[key].update(found)
    pending: dict[int, store.Entry] = {}
    old = _contents(known) if policy != Policy.SKIP else {}
    for each in read:
        if not each.entry:
            yield each
            continue
        incoming, made = each.entry, each.entry.made
        try:
            each.target = matching.choose(made, known) or 0
            if not each.target:
                each.outcome = Outcome.NEW
                for index in (known, seen):
                    index.add(made, -each.number)
                pending[-each.number] = incoming
            elif policy == Policy.SKIP:
                each.outcome, each.entry = Outcome.KEPT, None
            else:
                each.entry = _change(each, incoming, pending, old, policy)
                each.outcome = MEANT[Policy(policy)] if each.entry else Outcome.KEPT
        except Unreadable as error:
            piece = part[each.number - first].piece
            each.outcome, each.code, each.reason = Outcome.QUARANTINED, error.code, error.reason
            each.content, each.entry, each.target = piece.content, None, 0
        yield each


def _planned(number: int, each: Reading) -> Planned:
    if each.made:
        return Planned(number, "", each.made.title, entry=store.Entry(each.content, each.made, built=each.built))
    return Planned(number, Outcome.QUARANTINED, code=each.code, reason=each.reason, content=each.piece.content)


def _contents(known: matching.Index) -> dict[int, tuple[bytes, int]]:
    """MARC and version of the records that may be changed, locked."""
    ids = {number for found in known.by_key.values() for number in found if number > 0}
    if not ids:
        return {}
    with connection.cursor() as cursor:
        lock = "FOR UPDATE" if connection.in_atomic_block else ""
        cursor.execute(
            f"SELECT record_id, content, version FROM marc WHERE record_id = ANY(%s) ORDER BY record_id {lock}",  # noqa: S608
            [sorted(ids)],
        )
        return {number: (bytes(content), version) for number, content, version in cursor.fetchall()}


def _change(
    each: Planned,
    incoming: store.Entry,
    pending: dict[int, store.Entry],
    old: dict[int, tuple[bytes, int]],
    policy: str,
) -> store.Entry | None:
    """The changed record, or None if nothing changes. One met twice in a slice is changed twice, written once."""
    combine = merging.merge if policy == Policy.MERGE else merging.replace
    there = pending.get(each.target)
    if there is None and each.target < 0:
        return None  # met in an earlier slice of a preview
    content, version = (there.content, there.version) if there else old[each.target]
    made = combine(marc.read(content), marc.read(incoming.content))
    written = marc.write(made)
    if written == content:
        return None
    extracted = extract(marc.read(written))
    if there:
        extracted.source_id = there.made.source_id
        there.content, there.made, there.built = written, extracted, None
        return there
    entry = store.Entry(written, extracted, id=each.target, version=version + 1)
    pending[each.target] = entry
    return entry
