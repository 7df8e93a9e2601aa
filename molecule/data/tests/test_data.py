"""The three members, looked at from inside."""

import json
import time

import pytest
from members import member

MEMBERS = ["db1", "db2", "db3"]


@pytest.fixture(params=MEMBERS)
def host(request):
    return member(request.param)


def test_units_run_and_come_back_by_themselves(host):
    for unit in ("etcd", "patroni"):
        assert host.service(unit).is_running
        assert host.service(unit).is_enabled
        assert host.service(unit).systemd_properties["Restart"] == "always"


def test_nothing_listens_on_all_addresses_but_ssh(host):
    everywhere = {
        address.rsplit(":", 1)[1]
        for address in host.socket.get_listening_sockets()
        if address.startswith(("tcp://0.0.0.0:", "tcp://:::"))
    }
    assert everywhere <= {"22"}


def test_debian_made_no_cluster_of_its_own(host):
    assert host.check_output("pg_lsclusters --no-header") == ""


def test_the_key_is_for_the_database_and_the_quorum_alone(host):
    key = host.file("/etc/shoko/certificates/data.pem")
    assert (key.user, key.group, key.mode) == ("root", "tls-data", 0o640)


def test_log_in_needs_a_certificate(host):
    lines = host.file("/var/lib/postgresql/17/shoko/pg_hba.conf").content_string.splitlines()
    rules = [line.split() for line in lines if line and not line.startswith("#")]
    assert rules
    assert {tuple(rule) for rule in rules if rule[0] == "local"} == {
        ("local", "all", "postgres", "peer"),
        ("local", "replication", "replicator", "peer", "map=patroni"),
    }
    assert all(rule[0] == "hostssl" and rule[4] == "cert" for rule in rules if rule[0] != "local")


def test_one_leads_one_confirms_one_follows():
    end = time.monotonic() + 120
    while True:
        rows = json.loads(member("db2").check_output("patronictl -c /etc/patroni/config.yml list -f json"))
        if sorted(row["Role"] for row in rows) == ["Leader", "Replica", "Sync Standby"]:
            break
        assert time.monotonic() < end, rows
        time.sleep(1)
    assert {row["Host"] for row in rows} == {f"{name}.shoko.internal" for name in MEMBERS}


def test_replication_is_over_tls_and_each_commit_is_confirmed():
    rows = json.loads(member("db1").check_output("patronictl -c /etc/patroni/config.yml list -f json"))
    leader = member(next(row["Member"] for row in rows if row["Role"] == "Leader"))
    query = "SELECT count(*) FILTER (WHERE ssl), count(*) FROM pg_stat_replication JOIN pg_stat_ssl USING (pid)"
    assert leader.check_output(f"cd / && runuser -u postgres -- psql -XAtc '{query}'") == "2|2"
    query = "SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')"
    assert leader.check_output(f'cd / && runuser -u postgres -- psql -XAtc "{query}"') == "1"


def test_there_is_an_encrypted_backup_from_the_first_day():
    store = member("bak1")
    (found,) = json.loads(store.check_output("backup-tool --output=json --log-level-console=off info"))
    assert (found["name"], found["cipher"], found["status"]["code"]) == ("shoko", "aes-256-cbc", 0)
    assert found["backup"][0]["type"] == "full"


def test_the_log_of_the_database_reaches_the_store():
    store = member("bak1")
    assert store.run("backup-tool --stanza=shoko check").rc == 0
    for timer in ("backup-full", "backup-difference", "backup-verify"):
        assert store.service(f"{timer}.timer").is_running
        assert store.service(f"{timer}.timer").is_enabled
    assert member("db3").service("backup-drill.timer").is_enabled
    assert not member("db1").service("backup-drill.timer").exists
