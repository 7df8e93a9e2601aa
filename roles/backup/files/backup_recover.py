#!/usr/bin/python3
"""Recover the database from its backup on this host. Runs as the user of the database; root calls it by `runuser`.

    backup-recover drill               a copy beside the running database: recover it, look at every page, remove it
    backup-recover restore TIME        the database itself, as it was at TIME (`latest`, or 2026-11-29T13:05:00+09:00)

`restore` wants Patroni stopped and puts what was there aside (`<data>.before-restore`). It leaves a note beside the
data, which playbooks/restore.yml takes away when every member follows: until then the same time again changes nothing
that is done, and another time begins anew. Both print one line of JSON, and fail with one line that says what to do.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = Path("/etc/shoko/backup.json")
RUNNING = Path("/run/postgresql")
SOCKETS = RUNNING / "recover"  # of the copy: nobody but this program looks there
SEGMENT = 16 * 1024 * 1024
# What a drill may lack: the piece of the log that was being written when it began, and the one before it on its way.
BEHIND = 2 * SEGMENT

ROWS = """
SELECT count(*), coalesce(sum(counted), 0) FROM (
    SELECT (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I.%I', schemaname, tablename),
                                                false, true, '')))[1]::text::bigint AS counted
    FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')) AS every
"""
HERE = """
SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END) - '0/0'::pg_lsn
"""
REACHES = "SELECT coalesce(pg_last_xact_replay_timestamp(), (pg_control_checkpoint()).checkpoint_time)"
THERE = "SELECT coalesce(pg_last_wal_replay_lsn(), pg_current_wal_lsn()) - '0/0'::pg_lsn"


class Refused(Exception):
    """What is the matter and what to do, in one line."""


class Recovery:
    """One data directory that is made from the backup; `settings` is /etc/shoko/backup.json."""

    def __init__(self, settings: dict[str, str], data: Path):
        self.stanza, self.database = settings["stanza"], settings["database"]
        self.programs, self.data = Path(settings["programs"]), data

    def fetch(self, moment: str) -> None:
        """Bring the files here (what is there already and right is kept), with orders how far to replay."""
        aim = ["--type=default"]
        if moment != "latest":
            aim = ["--type=time", f"--target={moment}", "--target-action=promote"]
        call(["pgbackrest", f"--stanza={self.stanza}", f"--pg1-path={self.data}", "--delta", *aim, "restore"])

    @contextmanager
    def open(self, archive: bool) -> Iterator[None]:
        """Replay the log and let questions in through `SOCKETS`; stopped cleanly afterwards.

        `archive`: its new history is the database's own from now on, so the backup learns of it.
        """
        apart = {
            "listen_addresses": "",
            "unix_socket_directories": str(SOCKETS),
            "synchronous_standby_names": "",
            "archive_mode": "on" if archive else "off",
            "ssl": "off",
            "log_connections": "off",
            "log_disconnections": "off",
        }
        options = [part for key, value in apart.items() for part in ("-c", f"{key}={value}")]
        server = subprocess.Popen([str(self.programs / "postgres"), "-D", str(self.data), *options])
        try:
            while self.answer("SELECT pg_is_in_recovery()", patient=True) != "f":
                if server.poll() is not None:
                    raise Refused(
                        "the copy did not come up: its own messages stand above. Is the time later than the first full "
                        "backup (backup-tool info) and earlier than the last piece of the log?"
                    )
                time.sleep(0.5)
            yield
        finally:
            if server.poll() is None:
                call([str(self.programs / "pg_ctl"), "-D", str(self.data), "-m", "fast", "-t", "300", "stop"])
            server.wait()

    def answer(self, question: str, patient: bool = False) -> str:
        """First line of a question's answer in psql's unaligned form; empty while the copy cannot say, if `patient`."""
        return ask(self.programs, SOCKETS, self.database, question, patient)

    def facts(self) -> dict[str, Any]:
        """What came back: how far it reaches, and how many tables and rows could be read."""
        tables, rows = self.answer(ROWS).split("|")
        return {
            "reaches": self.answer(REACHES),
            "tables": int(tables),
            "rows": int(rows),
        }

    def sound(self) -> None:
        """Look at every page of tables and indexes. It leaves an extension behind, so only in a copy that goes away."""
        amcheck = [str(self.programs / "pg_amcheck"), "-h", str(SOCKETS), "-d", self.database, "--install-missing"]
        found = subprocess.run(amcheck, capture_output=True, text=True, check=False)
        if found.returncode:
            first = (found.stdout + found.stderr).strip().splitlines()
            raise Refused(f"the copy is damaged: {first[0] if first else 'pg_amcheck failed'}")


def ask(programs: Path, sockets: Path, database: str, question: str, patient: bool = False) -> str:
    """One question to a database by its socket."""
    done = subprocess.run(
        [str(programs / "psql"), "-XAtq", "-h", str(sockets), "-d", database, "-c", question],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode and not patient:
        raise Refused(f"the database at {sockets} does not answer: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.strip()


def call(argv: Sequence[str]) -> None:
    """Run a program, its words on standard error."""
    done = subprocess.run(argv, stdout=sys.stderr, check=False)
    if done.returncode:
        raise Refused(f"{Path(argv[0]).name} failed ({done.returncode}): its own messages stand above")


def drill(settings: dict[str, str]) -> dict[str, Any]:
    """Recover a copy, compare it with the running database, and leave nothing of it."""
    began = time.monotonic()
    position = int(ask(Path(settings["programs"]), RUNNING, settings["database"], HERE))
    copy = Recovery(settings, Path(settings["data"]).parents[1] / "drill")
    shutil.rmtree(copy.data, ignore_errors=True)
    copy.data.mkdir(mode=0o700)
    try:
        copy.fetch("latest")
        with copy.open(archive=False):
            facts = copy.facts()
            lacks = position - int(copy.answer(THERE))
            copy.sound()
    finally:
        shutil.rmtree(copy.data, ignore_errors=True)
    if lacks > BEHIND:
        raise Refused(
            f"the copy lacks {lacks} bytes of the log that the running database had when this began: is the log being "
            "archived (backup-tool check; journalctl -u patroni)?"
        )
    return facts | {"lacks_bytes": max(lacks, 0), "seconds": round(time.monotonic() - began, 1)}


def restore(settings: dict[str, str], moment: str) -> dict[str, Any]:
    """Make the database itself anew from the backup, as it was at a moment."""
    began = time.monotonic()
    data = Path(settings["data"])
    aside, note = data.with_name(f"{data.name}.before-restore"), data.with_name("restore-in-progress")
    if ask(Path(settings["programs"]), RUNNING, "postgres", "SELECT 1", patient=True) == "1":
        raise Refused("the database runs: stop Patroni on every member first (playbooks/restore.yml does)")
    begun = json.loads(note.read_text()) if note.exists() else {}
    if begun == {"to": moment, "recovered": True}:
        return {"to": moment, "done": "before"}
    if aside.exists() and not begun:
        raise Refused(f"{aside} is what was there before an earlier restore: remove it when nobody needs it any more")
    # Before anything moves: while the note stands, what was there is whole, in its place or aside.
    note.write_text(json.dumps({"to": moment, "recovered": False}))
    if data.exists() and not aside.exists():
        data.rename(aside)
    data.mkdir(mode=0o700, exist_ok=True)
    copy = Recovery(settings, data)
    copy.fetch(moment)
    with copy.open(archive=True):
        facts = copy.facts()
    note.write_text(json.dumps({"to": moment, "recovered": True}))
    return facts | {"to": moment, "aside": str(aside), "seconds": round(time.monotonic() - began, 1)}


def moment_of(text: str) -> str:
    """A time as PostgreSQL takes it, in UTC; `latest` stays."""
    if text == "latest":
        return text
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text!r} is no time: write 2026-11-29T13:05:00+09:00, or latest") from None
    if at.tzinfo is None:
        raise Refused(f"{text!r} does not say of which clock: write the offset, as in {text}+09:00")
    if at > datetime.now(UTC):
        raise Refused(f"{text} has not come yet: write a time in the past, or latest")
    return at.astimezone(UTC).isoformat(sep=" ")


def main(argv: Sequence[str]) -> int:
    """Entry point; exit code 1 with one line on standard error when it cannot be done."""
    try:
        if os.geteuid() == 0:
            raise Refused("run it as postgres: PostgreSQL does not start as root")
        SOCKETS.mkdir(mode=0o700, exist_ok=True)
        settings = json.loads(SETTINGS.read_text())
        match list(argv):
            case ["drill"]:
                found = drill(settings)
            case ["restore", moment]:
                found = restore(settings, moment_of(moment))
            case _:
                usage()
    except Refused as reason:
        print(f"backup-recover: {reason}", file=sys.stderr)
        return 1
    print(json.dumps(found))
    return 0


def usage() -> NoReturn:
    """What may be asked, and exit code 2."""
    print((__doc__ or "").strip(), file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
