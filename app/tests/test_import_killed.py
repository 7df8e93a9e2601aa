"""A process that is killed in the middle of an import, on committed data."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from shoko_ils.catalog import marc, store
from shoko_ils.catalog.models import ImportBatch, SearchDocument
from shoko_ils.catalog.models import Record as Bib
from shoko_ils.catalog.search import simple
from tests.conftest import APP
from tests.test_import import book


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Real commits; what was imported is taken out again."""
    with django_db_blocker.unblock():
        yield
        with connection.cursor() as cursor:
            cursor.execute("SELECT array_agg(record_id) FROM import_record WHERE record_id IS NOT NULL")
            (numbers,) = cursor.fetchone()
            store.remove(numbers or [])
            cursor.execute("DELETE FROM import_record; DELETE FROM import_batch")
        connection.close()


def _command(file: Path) -> tuple[list[str], dict[str, str]]:
    command = [sys.executable, "manage.py", "import_records", str(file), "--policy", "skip"]
    return command, os.environ | {"SHOKO_DB_NAME": connection.settings_dict["NAME"]}


def _position() -> int:
    batch = ImportBatch.objects.filter(name="many.mrc").first()
    return batch.position if batch else 0


def _readers(process: subprocess.Popen[Any]) -> list[int]:
    """The process that reads ahead for an import."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _has_ended(pid: int) -> bool:
    """Whether a process runs no more; whose it is now may not have asked for its exit code yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _wait_for(is_so: Callable[[], bool], process: subprocess.Popen[Any] | None = None) -> None:
    """Two minutes at most; no longer than the process runs that makes it so."""
    end = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < end
        assert process is None or process.poll() is None
        time.sleep(0.02)


def test_a_killed_import_is_finished_by_the_next_run(committed: None, tmp_path: Path) -> None:
    """SIGKILL in the middle, several times: in the end every record is there exactly once."""
    count = 6000
    file = tmp_path / "many.mrc"
    file.write_bytes(
        b"".join(
            marc.write(book(f"K{n}", f"殺された取込 {n}")) if n % 500 else b"short\x1d" for n in range(1, count + 1)
        )
    )
    command, environment = _command(file)
    killed = 0
    for _ in range(2):
        before = _position()
        process = subprocess.Popen(
            command, cwd=APP, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and _position() == before:
            time.sleep(0.02)
        (reader,) = _readers(process)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        _wait_for(lambda reader=reader: _has_ended(reader))
    assert killed
    assert 0 < _position() < file.stat().st_size
    subprocess.run(command, cwd=APP, env=environment, check=True, capture_output=True)
    batch = ImportBatch.objects.get(name="many.mrc")
    assert (batch.state, batch.read, batch.new, batch.quarantined) == ("loaded", count, count - 12, 12)
    assert batch.records.count() == count
    numbers = list(batch.records.exclude(record_id=None).values_list("record_id", flat=True))
    assert Bib.objects.filter(source_id__startswith="TEST:K").count() == len(set(numbers)) == count - 12
    assert SearchDocument.objects.filter(pk__in=numbers).count() == simple("殺された取込").count() == count - 12


def test_an_import_whose_reader_is_killed_says_so_and_is_finished_by_the_next_run(
    committed: None, tmp_path: Path
) -> None:
    count = 6000
    file = tmp_path / "many.mrc"
    file.write_bytes(b"".join(marc.write(book(f"K{n}", f"殺された読取 {n}")) for n in range(1, count + 1)))
    command, environment = _command(file)
    process = subprocess.Popen(
        command, cwd=APP, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    _wait_for(lambda: _position() > 0, process)
    (reader,) = _readers(process)
    os.kill(reader, signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the process that reads ahead ended (exit code -9)" in said
    batch = ImportBatch.objects.get(name="many.mrc")
    assert batch.state == "loading"
    assert batch.records.count() == batch.read == batch.new < count
    subprocess.run(command, cwd=APP, env=environment, check=True, capture_output=True)
    batch.refresh_from_db()
    assert (batch.state, batch.read, batch.new) == ("loaded", count, count)
    assert simple("殺された読取").count() == count
