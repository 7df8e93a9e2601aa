"""The replicated database as its users meet it: who gets in, who leads, what a switchover costs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from collected import eventually
from converged import CHECKOUT, Converged

MEMBERS = ["db1", "db2", "db3"]
PATRONICTL = ["patronictl", "-c", "/etc/patroni/config.yml"]
PYTHON = "/srv/shoko/current/venv/bin/python"
HOSTS = "host=db1.shoko.internal,db2.shoko.internal,db3.shoko.internal"
COMMON = f"{HOSTS} dbname=shoko target_session_attrs=read-write"
IMPATIENT = "connect_timeout=2 tcp_user_timeout=2000"  # as the services are: the next server is asked soon
WRITER = """
import sys, time, psycopg
connection, number, end = None, 0, time.monotonic() + 180
while time.monotonic() < end:
    number += 1
    try:
        connection = connection or psycopg.connect(sys.argv[1], autocommit=True)
        connection.execute("SET statement_timeout = 3000")
        connection.execute("INSERT INTO switchover.ledger VALUES (%s)", (number,))
        print(number, time.time(), flush=True)
    except psycopg.Error as error:
        print("#", type(error).__name__, flush=True)
        connection = None
    time.sleep(0.05)
"""


def login(user: str, role: str, certificate: str | None = None, more: str = "") -> str:
    """How a service of an ILS server would log in."""
    where = f"/etc/shoko/certificates/{certificate or user}.pem"
    keys = f"sslmode=verify-full sslrootcert=/etc/shoko/trust/data.pem sslcert={where} sslkey={where}"
    return f"{COMMON} user={role} {more or keys}"


def ask(converged: Converged, user: str, connection: str, query: str) -> str:
    """Run a query from app1 as a system user; returns the first cell or the error in words."""
    program = (
        "import sys, psycopg\n"
        "try:\n"
        "    print(psycopg.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])\n"
        "except psycopg.Error as error:\n"
        "    print('refused:', error)\n"
    )
    done = converged.inside("app1", "runuser", "-u", user, "--", PYTHON, "-c", program, connection, query)
    return done.stdout.strip() or done.stderr.strip()


def members(converged: Converged) -> dict[str, str]:
    """Role of each member."""
    rows = json.loads(converged.said("db1", *PATRONICTL, "list", "-f", "json"))
    assert {row["State"] for row in rows} <= {"running", "streaming"}, rows
    return {row["Member"]: row["Role"] for row in rows}


def settled(converged: Converged, seconds: float = 180) -> dict[str, str]:
    """Wait until one leads, one confirms and one follows."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = members(converged)
            if sorted(found.values()) == ["Leader", "Replica", "Sync Standby"]:
                return found
        except AssertionError:
            if time.monotonic() > end:
                raise
        assert time.monotonic() < end, f"not settled after {seconds} s: {members(converged)}"
        time.sleep(1)


def test_one_leads_one_confirms_one_follows(converged):
    assert set(settled(converged)) == set(MEMBERS)


def test_the_quorum_is_whole(converged):
    ask_all = "set -a; . /etc/default/etcdctl; etcdctl endpoint health --cluster -w json 2>/dev/null"

    def healthy() -> bool:
        said = converged.inside("db1", "sh", "-c", ask_all)  # fails while they elect
        return said.returncode == 0 and [one["health"] for one in json.loads(said.stdout)] == [True, True, True]

    assert eventually(healthy, 60)


@pytest.mark.parametrize(
    ("user", "role"), [("ils-public", "ils_public"), ("ils-staff", "ils_staff"), ("ils-owner", "ils_owner")]
)
def test_each_service_logs_in_by_its_certificate(converged, user, role):
    assert ask(converged, user, login(user, role), "SELECT current_user") == role


def test_a_question_that_costs_much_is_answered(converged):
    """PostgreSQL would compile it, and its sandbox gives nobody memory to write programs into."""
    query = "SELECT count(*) FROM generate_series(1, 3000) a, generate_series(1, 3000) b WHERE a * b % 7 = 1"
    assert int(ask(converged, "ils-staff", login("ils-staff", "ils_staff"), query)) > 0


def test_a_certificate_opens_no_other_role(converged):
    told = ask(converged, "ils-public", login("ils-public", "ils_staff"), "SELECT 1")
    assert "certificate authentication failed" in told


def test_nobody_gets_in_without_a_certificate(converged):
    bare = login("ils-public", "ils_public", more="sslmode=verify-full sslrootcert=/etc/shoko/trust/data.pem")
    assert "connection requires a valid client certificate" in ask(converged, "ils-public", bare, "SELECT 1")


def test_nobody_gets_in_without_tls(converged):
    plain = login("ils-public", "ils_public", more="sslmode=disable")
    assert "no encryption" in ask(converged, "ils-public", plain, "SELECT 1")


def test_a_certificate_for_logs_is_no_certificate_for_data(converged):
    copy = "/run/of-the-host.pem"
    converged.said("app1", "install", "-m", "0600", "-o", "ils-public", "/etc/shoko/certificates/host.pem", copy)
    try:
        keys = f"sslmode=verify-full sslrootcert=/etc/shoko/trust/data.pem sslcert={copy} sslkey={copy}"
        told = ask(converged, "ils-public", login("ils-public", "ils_public", more=keys), "SELECT 1")
    finally:
        converged.said("app1", "rm", copy)
    assert "unknown ca" in told or "certificate authentication failed" in told


def test_staff_cannot_read_what_is_private_to_patrons(converged):
    name = ask(
        converged, "ils-owner", login("ils-owner", "ils_owner"),
        "SELECT min(tablename) FROM pg_tables WHERE schemaname = 'private'",
    )  # fmt: skip
    assert name
    assert "refused" not in name
    query = f"SELECT 1 FROM private.{name}"  # noqa: S608  # the name comes from the catalogue
    told = ask(converged, "ils-staff", login("ils-staff", "ils_staff"), query)
    assert "permission denied for schema private" in told


def test_patroni_takes_no_question_without_a_certificate(converged):
    program = (
        "import ssl, urllib.request as r\n"
        "context = ssl.create_default_context(cafile='/etc/shoko/trust/data.pem')\n"
        "try:\n"
        "    print(r.urlopen('https://db2.shoko.internal:8008/patroni', timeout=5, context=context).status)\n"
        "except OSError as error:\n"
        "    print('refused:', error)\n"
    )
    assert "refused" in converged.said("db1", "python3", "-c", program)


@pytest.fixture
def ledger(converged: Converged) -> Iterator[str]:
    """A table that a writer fills, gone afterwards; the value is the owner's way in."""
    connection = login("ils-owner", "ils_owner")
    made = "CREATE SCHEMA switchover; CREATE TABLE switchover.ledger (number bigint PRIMARY KEY)"
    settled(converged)
    do(converged, connection, f"DROP SCHEMA IF EXISTS switchover CASCADE; {made}")
    yield connection
    do(converged, connection, "DROP SCHEMA switchover CASCADE")


def do(converged: Converged, connection: str, statements: str) -> None:
    """Run statements as the owner."""
    program = "import sys, psycopg; psycopg.connect(sys.argv[1], autocommit=True).execute(sys.argv[2])"
    converged.said("app1", "runuser", "-u", "ils-owner", "--", PYTHON, "-c", program, connection, statements)


def acknowledged(writer: subprocess.Popen[str]) -> Iterator[tuple[int, float]]:
    """Numbers and times of the rows that the database confirmed to the writer, one by one, until the writer ends."""
    assert writer.stdout is not None
    for line in writer.stdout:
        if not line.startswith("#"):
            number, at = line.split()
            yield int(number), float(at)


def test_a_switchover_loses_no_acknowledged_row_and_needs_no_person(converged, ledger):
    before = settled(converged)
    leader = next(name for name, role in before.items() if role == "Leader")
    standby = next(name for name, role in before.items() if role == "Sync Standby")
    writer = converged.start("app1", "runuser", "-u", "ils-owner", "--", PYTHON, "-c", WRITER, f"{ledger} {IMPATIENT}")
    rows = acknowledged(writer)
    first = next(rows)
    moved = converged.inside(
        "db1", *PATRONICTL, "switchover", "shoko", "--leader", leader, "--candidate", standby, "--force"
    )
    assert moved.returncode == 0, moved.stdout + moved.stderr
    switched = time.time()
    written = dict([first])
    for number, at in rows:
        written[number] = at
        if at > switched:
            break
    else:
        pytest.fail("nothing was written after the switchover")
    converged.said("app1", "pkill", "--full", "switchover.ledger")
    writer.communicate()
    stored = ask(converged, "ils-owner", ledger, "SELECT array_agg(number) FROM switchover.ledger")
    lost = written.keys() - set(json.loads(stored))
    assert not lost, f"acknowledged and gone: {sorted(lost)}"
    gap = max(later - earlier for earlier, later in pairwise(written.values()))
    print(f"switchover: {len(written)} rows acknowledged, longest gap {gap:.2f} s")
    assert gap < 60, f"{gap:.1f} s without a write"
    assert settled(converged)[standby] == "Leader"


def test_a_setting_made_by_hand_is_seen_and_taken_back(converged):
    converged.said("db1", *PATRONICTL, "edit-config", "shoko", "--force", "--quiet", "-s", "loop_wait=7")
    playbook = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "inventories/lab"]

    def run(*more: str) -> str:
        done = subprocess.run(
            [*playbook, "playbooks/data.yml", "--tags", "database", *more],
            cwd=CHECKOUT, capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
        return done.stdout

    assert "setting loop_wait set to 5 (was 7)" in run("--check", "--diff")
    run()
    assert "loop_wait: 5" in converged.said("db1", *PATRONICTL, "show-config", "shoko")
