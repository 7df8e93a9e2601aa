"""A restore of the whole database to a time, as the operator's page says it. It stops the library for a minute."""

from __future__ import annotations

import json
import subprocess
import time

from converged import CHECKOUT, SITE, Converged
from test_backup import sql

ASIDE = "/var/lib/postgresql/17/shoko.before-restore"


def restore(moment: str, site: str = "lab") -> subprocess.CompletedProcess[str]:
    """Run the playbook of the page."""
    playbook = [str(CHECKOUT / ".venv/bin/ansible-playbook"), "-i", str(SITE), "playbooks/restore.yml"]
    wanted = ["-e", f"backup_restore_to={moment}", "-e", f"backup_restore_site={site}"]
    return subprocess.run([*playbook, *wanted], cwd=CHECKOUT, capture_output=True, text=True, timeout=600, check=False)


def now(converged: Converged) -> str:
    """The database's own clock, with its offset."""
    return sql(
        converged, "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')"
    )


def test_another_site_or_no_time_stops_nothing(converged):
    for moment, site in (("latest", "museum"), ("", "lab")):
        done = restore(moment, site)
        assert done.returncode != 0
        assert "Say both" in done.stdout
    assert sql(converged, "SELECT 1") == "1"


def test_what_was_there_at_the_time_is_there_and_nothing_later(converged):
    sql(converged, "CREATE TABLE restore_marker (what text); INSERT INTO restore_marker VALUES ('before')")
    loans = sql(converged, "SELECT count(*) FROM ils.loan")
    time.sleep(1)
    moment = now(converged)
    time.sleep(1)
    sql(converged, "INSERT INTO restore_marker VALUES ('after'); SELECT pg_switch_wal()")
    assert loans != "0"
    try:
        done = restore(moment)
        assert done.returncode == 0, done.stdout[-3000:]
        assert sql(converged, "SELECT string_agg(what, ' ') FROM restore_marker") == "before"
        assert sql(converged, "SELECT count(*) FROM ils.loan") == loans
        rows = json.loads(converged.said("db1", "patronictl", "-c", "/etc/patroni/config.yml", "list", "-f", "json"))
        assert sorted(row["State"] for row in rows) == ["running", "streaming", "streaming"]
        # The former data is kept for who restored the wrong time; a second restore refuses to overwrite it.
        assert converged.said("db1", "test", "-d", ASIDE) == ""
        again = restore("latest")
        assert again.returncode != 0
        assert "earlier restore" in again.stdout
    finally:
        converged.inside("db1", "rm", "-rf", ASIDE)
        for host in ("db1", "db2", "db3"):
            converged.inside(host, "systemctl", "start", "patroni")
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                sql(converged, "DROP TABLE IF EXISTS restore_marker")
                break
            except (AssertionError, StopIteration, json.JSONDecodeError):
                time.sleep(2)
    # The library system works with what came back, and the audit is whole up to its last link.
    converged.said("app1", "ils-manage", "verify_audit")
