"""Every host's log at both collectors: complete, from known senders only, through a collector's absence."""

from __future__ import annotations

import json
import time

import pytest
from collected import COLLECTORS, count, eventually, missing, say
from converged import SITE, Converged

from shoko.declaration import load

MANAGED = tuple(load(SITE).hosts)
# One RELP session (librelp's protocol): open it, and print the status that the collector answers with.
SESSION = """
import json, socket, ssl, sys
order = json.loads(sys.argv[1])
context = ssl.create_default_context(cafile="/etc/shoko/trust/logs.pem")
if order["certificate"]:
    context.load_cert_chain(order["certificate"])
offer = b"relp_version=0\\nrelp_software=test\\ncommands=syslog\\n"
try:
    with socket.create_connection((order["collector"], 2514), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=order["collector"]) as session:
            session.sendall(b"1 open %d %s\\n" % (len(offer), offer))
            print(session.recv(4096).decode().split()[3])
except (OSError, IndexError) as reason:
    print("refused", reason)
"""


def test_a_line_of_every_host_reaches_both_collectors(converged: Converged) -> None:
    word = f"everywhere-{time.time_ns()}"
    say(converged, MANAGED, word)
    assert eventually(lambda: not missing(converged, MANAGED, word), 60), (
        f"not arrived: {missing(converged, MANAGED, word)}"
    )


def test_what_is_done_by_sudo_is_with_both(converged: Converged) -> None:
    """The whole command, by whose word it ran: the log of operations of each user (L-05)."""
    word = f"operation-{time.time_ns()}"
    converged.said("app1", "su", "-", "shoko", "-c", f"sudo -n true {word}")
    for collector in COLLECTORS:
        done = f"USER=root ; COMMAND=/usr/bin/true {word}"
        # at least once, as RELP delivers
        assert eventually(lambda at=collector, line=done: count(converged, at, "app1", line) >= 1, 60), collector


def test_a_collector_that_was_away_gets_everything_and_the_other_misses_nothing(converged: Converged) -> None:
    word, lines = f"absence-{time.time_ns()}", 500
    write = f"for i in $(seq {lines}); do echo {word}-$i-; done | logger -t shoko-test"
    converged.said("log1", "systemctl", "stop", "rsyslog", "syslog.socket")
    try:
        converged.said("rp1", "sh", "-c", write)
        assert eventually(lambda: count(converged, "log2", "rp1", word) >= lines, 180), "log2 waits for log1"
        assert count(converged, "log1", "rp1", word) == 0
    finally:
        converged.said("log1", "systemctl", "start", "syslog.socket", "rsyslog")
    each_once = f"grep -oE '{word}-[0-9]+-' /var/log/shoko/rp1.shoko.internal.log | sort -u | wc -l"
    for collector in COLLECTORS:
        assert eventually(lambda at=collector: int(converged.said(at, "sh", "-c", each_once)) == lines, 180), collector


def test_what_a_killed_sender_had_not_sent_yet_is_sent_later(converged: Converged) -> None:
    word, lines = f"killed-{time.time_ns()}", 200
    converged.said("app1", "sh", "-c", f"for i in $(seq {lines}); do echo {word}-$i-; done | logger -t shoko-test")
    converged.said("app1", "systemctl", "kill", "--signal=KILL", "rsyslog")
    for collector in COLLECTORS:
        assert eventually(lambda at=collector: count(converged, at, "app1", word) >= lines, 90), collector


@pytest.mark.parametrize("collector", COLLECTORS)
@pytest.mark.parametrize(
    ("certificate", "accepted"),
    [
        ("/etc/shoko/certificates/host.pem", True),
        ("/etc/shoko/certificates/entry-client.pem", False),
        ("/etc/shoko/certificates/opac.pem", False),
        (None, False),
    ],
)
def test_only_a_log_certificate_opens_a_session(
    converged: Converged, collector: str, certificate: str | None, accepted: bool
) -> None:
    order = json.dumps({"collector": f"{collector}.shoko.internal", "certificate": certificate})
    said = converged.said("rp1", "python3", "-c", SESSION, order)
    assert said.startswith("200" if accepted else "refused"), said


def test_files_are_for_administrators_alone(converged: Converged) -> None:
    for collector in COLLECTORS:
        assert converged.said(collector, "stat", "-c", "%U:%G %a", "/var/log/shoko") == "root:adm 750"
        modes = converged.said(collector, "sh", "-c", "stat -c '%U:%G %a' /var/log/shoko/*.log | sort -u")
        assert modes == "root:adm 640"


def test_nobody_appears_under_a_name_that_is_not_declared(converged: Converged) -> None:
    for collector in COLLECTORS:
        files = converged.said(collector, "sh", "-c", "cd /var/log/shoko && ls -- *.log").split()
        assert set(files) == {f"{host}.shoko.internal.log" for host in MANAGED}


def test_rotation_keeps_writing(converged: Converged) -> None:
    converged.said("log2", "logrotate", "--force", "/etc/logrotate.d/shoko")
    still_open = "ls -l /proc/$(pidof rsyslogd)/fd | grep -F '.log-'"
    assert eventually(lambda: converged.inside("log2", "sh", "-c", still_open).returncode != 0, 60)
    word = f"rotated-{time.time_ns()}"
    converged.said("rp2", "logger", "-t", "shoko-test", word)
    assert eventually(lambda: count(converged, "log2", "rp2", word) >= 1, 120)
