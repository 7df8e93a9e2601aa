"""The doors, looked at from inside and from a terminal."""

import json
import time
from pathlib import Path

import pytest
from members import member

PROBE = (Path(__file__).resolve().parents[3] / "tests/lab/proxy_probe.py").read_text()


@pytest.mark.parametrize(
    ("name", "units"),
    [
        ("px1", ["squid", "unbound", "chrony", "rsyslog", "ulogd2", "keepalived"]),
        ("rp1", ["nginx", "chrony", "rsyslog", "ulogd2", "keepalived"]),
        ("log1", ["chrony", "rsyslog", "ulogd2"]),
        ("ti-central", ["chrony", "rsyslog", "ulogd2"]),
    ],
)
def test_units_run_and_come_back_by_themselves(name, units):
    host = member(name)
    for unit in units:
        assert host.service(unit).is_running, unit
        assert host.service(unit).is_enabled, unit
        assert host.service(unit).systemd_properties["Restart"] == "always", unit
    assert host.check_output("systemctl is-system-running") == "running"


@pytest.mark.parametrize("name", ["px1", "rp1", "log1", "ti-central"])
def test_nothing_is_owed_to_any_unit(name):
    assert member(name).check_output("ls /var/lib/shoko/due 2>/dev/null || true") == ""


def test_each_listens_on_its_own_addresses_only():
    sockets = set(member("rp1").socket.get_listening_sockets())
    assert {"tcp://198.51.100.20:443", "tcp://2001:db8:0:20::20:443"} <= sockets
    assert not {one for one in sockets if one.endswith((":80", "0.0.0.0:443", ":::443"))}
    sockets = set(member("px1").socket.get_listening_sockets())
    assert {"tcp://10.10.60.10:3128", "tcp://10.10.60.11:53", "udp://10.10.60.11:53"} <= sockets
    assert not {one for one in sockets if one.endswith(("0.0.0.0:3128", ":::3128", "0.0.0.0:53", ":::53"))}


def test_certificates_are_for_their_groups_alone():
    host = member("rp1")
    for name in ("host", "opac", "entry-client"):
        file = host.file(f"/etc/shoko/certificates/{name}.pem")
        assert (file.user, file.group, file.mode) == ("root", f"tls-{name}", 0o640)
    assert host.file("/var/lib/shoko/keys").mode == 0o700
    assert host.check_output("ls /var/lib/shoko/keys") == ""


def test_citizen_is_told_in_japanese_that_the_ils_is_away():
    host = member("rp1")
    ask = (
        "curl -sS -w '%{http_code}' --cacert /etc/shoko/trust/root.pem"
        " --resolve opac.library.example:443:198.51.100.20 https://opac.library.example/search/?q=x"
    )
    if not host.exists("curl"):
        ask = (
            "printf 'GET /search/ HTTP/1.0\\r\\nHost: opac.library.example\\r\\n\\r\\n' | timeout 20 openssl s_client"
            " -quiet -verify_return_error -CAfile /etc/shoko/trust/root.pem -servername opac.library.example"
            " -connect 198.51.100.20:443 2>/dev/null"
        )
    said = host.check_output(ask)
    assert "503" in said
    assert "今、このサイトは使えません" in said


@pytest.mark.parametrize(
    ("order", "reached"),
    [
        ({"connect": ["www.reference.example", 443], "hello": "www.reference.example", "names": True}, True),
        ({"connect": ["www.reference.example", 443], "hello": "www.elsewhere.example"}, False),
        ({"connect": ["www.reference.example", 443], "hello": None}, False),
        ({"connect": ["www.elsewhere.example", 443], "hello": "www.elsewhere.example"}, False),
    ],
)
def test_terminal_reaches_named_sites_alone(order, reached):
    order = json.dumps({"proxy": ["10.10.60.10", 3128], **order})
    said = member("ti-central").run("python3 -c %s %s", PROBE, order).stdout
    assert (json.loads(said)["site"] == 200) is reached, said


def test_a_refusal_reaches_the_collector():
    name = f"refused{time.time_ns()}.example"
    order = json.dumps({"proxy": ["10.10.60.10", 3128], "connect": [name, 443], "hello": name})
    member("ti-central").run("python3 -c %s %s", PROBE, order)
    collector = member("log1")
    end = time.monotonic() + 60
    while collector.run("grep -rF host=%s /var/log/shoko", name).rc != 0:
        assert time.monotonic() < end, "no line came"
        time.sleep(1)


def test_everybody_goes_by_the_proxies_clock():
    said = member("rp1").check_output("chronyc -n sources")
    assert any(f"^* {proxy}" in said for proxy in ("10.10.60.1", "fd5e:c0:0:60::1")), said


def test_packages_are_verified_and_come_through_the_proxy():
    host = member("ti-central")
    assert "10.10.60.10:3128" in host.check_output("apt-config shell proxy Acquire::http::Proxy")
    assert host.run("apt-get update").rc == 0
    assert host.run("env http_proxy= apt-get -o Acquire::http::Proxy=DIRECT -o Acquire::Retries=0 update").rc != 0
