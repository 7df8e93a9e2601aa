"""The backup as its users meet it: nothing readable on the store, a copy that comes back, damage that is found."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from collected import eventually
from converged import Converged

STORE = "bak1"
REPOSITORY = "/var/lib/pgbackrest"
DRILLS = "db3"
MINUTES = 600  # seconds that a job may take, which on a busy machine gets what others leave
TOOL = ["backup-tool", "--stanza=shoko", "--log-level-console=off"]
# Looks into every file of the repository: which of them hold a text, and which begin as zstd writes them.
LOOK = """
import pathlib, sys
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*")):
    if path.is_file() and not path.is_symlink():
        data = path.read_bytes()
        print(len(data), int(sys.argv[2].encode() in data), int(data[:4] == bytes.fromhex("28b52ffd")), path)
"""
FLIP = """
import pathlib, sys
path = pathlib.Path(sys.argv[1])
data = bytearray(path.read_bytes())
data[len(data) // 2] ^= 1
path.write_bytes(data)
"""


def leader(converged: Converged) -> str:
    """The host that leads the database."""
    rows = json.loads(converged.said("db1", "patronictl", "-c", "/etc/patroni/config.yml", "list", "-f", "json"))
    return next(row["Member"] for row in rows if row["Role"] == "Leader")


def sql(converged: Converged, question: str) -> str:
    """Ask the leader as root of its host."""
    client = ["runuser", "-u", "postgres", "--", "psql", "-XAtq", "-d", "shoko"]
    return converged.said(leader(converged), *client, "-c", question)


def files(converged: Converged, text: str) -> list[list[str]]:
    """Size, holds the text, is bare zstd, path: of every file on the store."""
    lines = converged.said(STORE, "python3", "-c", LOOK, REPOSITORY, text).splitlines()
    return [line.split(" ", 3) for line in lines]


@pytest.fixture(autouse=True, scope="module")
def by_hand_alone(converged: Converged) -> Iterator[None]:
    """Whatever the hour, no job begins by itself beside one that a test begins."""
    jobs = [(STORE, f"backup-{job}") for job in ("full", "difference", "verify")] + [(DRILLS, "backup-drill")]
    try:
        for host, job in jobs:
            converged.said(host, "systemctl", "stop", f"{job}.timer")
        assert eventually(lambda: all(converged.at_rest(*job) for job in jobs), MINUTES)
        yield
    finally:
        for host, job in jobs:
            converged.inside(host, "systemctl", "start", f"{job}.timer")


def begin(converged: Converged, job: str) -> None:
    """Let a job of the store do its work."""
    converged.said(STORE, "systemctl", "start", f"backup-{job}.service", timeout=MINUTES)


@pytest.fixture
def marked(converged: Converged) -> Iterator[str]:
    """A text that is in the database, on its way through the log and in a backup made just now."""
    text = "これは暗号化されていなければ読める文です" * 20
    sql(converged, f"CREATE TABLE backup_marker AS SELECT '{text}'::text AS t")
    try:
        sql(converged, "SELECT pg_switch_wal()")
        begin(converged, "difference")
        yield text
    finally:
        sql(converged, "DROP TABLE backup_marker")


def test_the_store_holds_nothing_that_can_be_read(converged, marked):
    """Not the text, and not in compressed form either; the same search finds it where it does lie open."""
    found = files(converged, marked)
    assert len(found) > 10
    assert not [path for _size, holds, zstd, path in found if holds == "1" or zstd == "1"]
    (where,) = json.loads(converged.said(STORE, *TOOL, "--output=json", "info"))
    assert where["cipher"] == "aes-256-cbc"
    path = sql(converged, "CHECKPOINT; SELECT pg_relation_filepath('backup_marker')").splitlines()[-1]
    converged.said(leader(converged), "grep", "-qaF", marked[:20], f"/var/lib/postgresql/17/shoko/{path}")


def test_with_another_passphrase_nothing_comes_back(converged):
    done = converged.inside(
        STORE, "env", "PGBACKREST_REPO1_CIPHER_PASS=another", *TOOL, "repo-get", "backup/shoko/backup.info"
    )
    assert done.returncode != 0
    assert "db-catalog-version" not in done.stdout
    assert "db-catalog-version" in converged.said(STORE, *TOOL, "repo-get", "backup/shoko/backup.info")


def test_the_passphrase_is_on_the_store_and_in_no_log(converged):
    secret = converged.said(STORE, "sh", "-c", "cut -d= -f2 /etc/pgbackrest/conf.d/passphrase.conf | tail -1")
    assert len(secret) == 64
    assert (
        converged.said(STORE, "stat", "-c", "%a %U %G", "/etc/pgbackrest/conf.d/passphrase.conf") == "640 root postgres"
    )
    for host in (STORE, "db1", "log1"):
        assert converged.inside(host, "sh", "-c", f"journalctl --no-pager | grep -c {secret}").stdout.strip() == "0"
        assert converged.inside(host, "grep", "-rlF", secret, "/var/log").stdout == ""
    assert converged.inside("db1", "grep", "-rlF", secret, "/etc").stdout == ""


def test_a_copy_comes_back_beside_the_running_database_and_goes_away(converged):
    """What the weekly drill does, by its own unit."""
    rows = int(sql(converged, "SELECT count(*) FROM ils.item"))
    # fetches and starts a whole copy
    done = converged.inside(DRILLS, "systemctl", "start", "backup-drill.service", timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    lines = converged.told(DRILLS, "backup-drill").splitlines()
    found = json.loads(next(line for line in reversed(lines) if line.startswith("{")))
    assert found["tables"] > 50
    assert found["rows"] > rows > 0
    assert found["lacks_bytes"] <= 32 * 1024 * 1024
    assert converged.inside(DRILLS, "ls", "/var/lib/postgresql").stdout.split() == ["17"]


def test_who_stops_backups_stops_those_that_begin_by_themselves(converged):
    """Each unit has a /tmp of its own, and all have to see one stop file."""
    converged.said(STORE, *TOOL, "stop")
    try:
        assert converged.inside(STORE, "systemctl", "start", "backup-difference.service").returncode != 0
        assert "stop file exists" in converged.told(STORE, "backup-difference")
    finally:
        converged.said(STORE, *TOOL, "start")
        converged.said(STORE, "systemctl", "stop", "backup-difference.service")  # it would try again in ten minutes
    begin(converged, "difference")


def test_one_flipped_bit_is_found(converged):
    """By the unit of the weekly verification, which then stands as failed."""
    bundle = max((line for line in files(converged, "-") if "/bundle/" in line[3]), key=lambda line: int(line[0]))[3]
    begin(converged, "verify")
    try:
        converged.said(STORE, "python3", "-c", FLIP, bundle)
        assert converged.inside(STORE, "systemctl", "start", "backup-verify.service", timeout=MINUTES).returncode != 0
        assert converged.inside(STORE, "systemctl", "is-failed", "backup-verify.service").stdout.strip() == "failed"
    finally:
        converged.said(STORE, "python3", "-c", FLIP, bundle)
    begin(converged, "verify")
