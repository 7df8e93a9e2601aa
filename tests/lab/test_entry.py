"""The citizens' door: what it lets through, what it shows of itself, and what it says when the ILS is away."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from collected import eventually
from converged import Converged

NAME = "opac.library.example"
VIP = "198.51.100.20"
VIP6 = "2001:db8:0:20::20"
ROOT = "/tmp/shoko-root.pem"  # noqa: S108 - in the citizen's own machine of the lab
REVERSE_PROXIES = ("rp1", "rp2")


@pytest.fixture(scope="module", autouse=True)
def trust(converged: Converged) -> None:
    """The citizen at home has been given the site's root."""
    converged.said("home", "sh", "-c", f"cat > {ROOT} <<'END'\n{converged.root_certificate.read_text()}END")


def curl(converged: Converged, path: str, *options: str, name: str = NAME, at: str = VIP) -> tuple[int, str, int]:
    """Ask from the citizen's home; returns the status (0 for none), what was said, and curl's exit code."""
    address = f"[{at}]" if ":" in at else at
    base = ["curl", "-sS", "--max-time", "30", "--cacert", ROOT, "--resolve", f"{name}:443:{address}"]
    done = converged.inside("home", *base, "-w", "\n%{http_code}", *options, f"https://{name}{path}", timeout=60)
    said, _, status = done.stdout.rpartition("\n")
    return int(status or 0), said, done.returncode


def answers(converged: Converged) -> bool:
    """Whether a citizen is answered; a connection to a proxy that went away meanwhile is given up soon."""
    return curl(converged, "/robots.txt", "--max-time", "3")[0] == 200


@pytest.mark.parametrize("at", [VIP, VIP6])
def test_citizen_sees_the_catalogue(converged: Converged, at: str) -> None:
    status, said, _ = curl(converged, "/search/?q=%E8%B5%B0%E3%82%8C%E3%83%A1%E3%83%AD%E3%82%B9", at=at)
    assert status == 200
    assert "走れメロス" in said


def test_tls_is_of_today_and_stays(converged: Converged) -> None:
    hello = ["openssl", "s_client", "-connect", f"{VIP}:443", "-servername", NAME, "-CAfile", ROOT, "-brief"]
    session = converged.inside("home", *hello).stderr
    assert "Protocol version: TLSv1.3" in session
    assert "X25519MLKEM768" in session
    assert "Verification: OK" in session
    assert converged.inside("home", *hello, "-tls1_2").returncode != 0, "TLS 1.2 is not declared"
    _, headers, _ = curl(converged, "/", "-D-", "-o/dev/null")
    assert "strict-transport-security: max-age=63072000" in headers.lower()
    assert "nginx/" not in headers, "the version is nobody's business"


def test_a_name_that_is_not_ours_sees_no_certificate(converged: Converged) -> None:
    said = converged.inside(
        "home", "openssl", "s_client", "-connect", f"{VIP}:443", "-servername", "www.elsewhere.example"
    )
    assert said.returncode != 0
    assert "BEGIN CERTIFICATE" not in said.stdout


def test_a_name_that_is_not_ours_in_the_request_alone_gets_nothing(converged: Converged) -> None:
    status, _, _ = curl(converged, "/", "-H", "Host: www.elsewhere.example")
    assert status == 421


NOT_PUBLIC = ["/admin/", "/login/", "/healthz", "/readyz", "/metrics", "/.git/config", "/index.html"]
ALMOST_PUBLIC = ["/searchx", "//login/", "/search/..%2flogin/", "/records/%2e%2e/login/"]


@pytest.mark.parametrize("path", [*NOT_PUBLIC, *ALMOST_PUBLIC])
def test_no_other_path_reaches_the_ils(converged: Converged, path: str) -> None:
    status, said, _ = curl(converged, path, "--path-as-is")
    assert status == 404
    assert "ページが見つかりません" in said
    assert "There is no such page" in said


@pytest.mark.parametrize("path", ["/search", "/en", "/static"])
def test_a_missing_slash_is_added_without_asking_the_ils(converged: Converged, path: str) -> None:
    status, said, _ = curl(converged, path, "-i")
    assert status == 301
    assert f"location: {path}/\n" in said.lower()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_no_other_method(converged: Converged, method: str) -> None:
    assert curl(converged, "/", "-X", method)[0] == 405


def test_error_pages_need_nothing_from_outside(converged: Converged) -> None:
    _, said, _ = curl(converged, "/nowhere", "-i")
    headers, _, page = said.partition("\n\n")
    assert "default-src 'none'" in headers
    assert "unsafe" not in headers
    assert 'lang="ja"' in page
    for reference in ("src=", "@import", "url(", "http://", "https://"):
        assert reference not in page


def test_a_large_body_is_refused(converged: Converged) -> None:
    status, said, _ = curl(converged, "/search/", "-X", "POST", "-d", "x" * 70_000)
    assert status == 413
    assert "大きすぎます" in said


def test_nothing_is_put_on_disk(converged: Converged) -> None:
    curl(converged, "/search/", "-X", "POST", "-d", "x" * 60_000)
    for host in REVERSE_PROXIES:
        folders = ["/run/nginx-body", "/run/nginx-answers", "/var/lib/nginx"]
        assert converged.said(host, "find", *folders, "-type", "f") == ""
        assert converged.said(host, "systemctl", "show", "-P", "ProtectSystem", "nginx") == "strict"


def test_what_was_searched_is_in_no_log(converged: Converged) -> None:
    word = f"geheim{time.time_ns()}"
    assert curl(converged, f"/search/?q={word}", "-A", "shoko-test")[0] == 200
    converged.said("rp1", "logger", f"after-{word}")
    for collector in ("log1", "log2"):
        end = time.monotonic() + 60
        while converged.inside(collector, "grep", "-rlF", f"after-{word}", "/var/log/shoko").returncode != 0:
            assert time.monotonic() < end, f"{collector} gets nothing from rp1"
            time.sleep(1)
        lines = converged.inside(
            collector, "sh", "-c", f"cat /var/log/shoko/*.log | grep -F '{word}'"
        ).stdout.splitlines()
        assert [line for line in lines if f"after-{word}" not in line] == []
        assert converged.inside(collector, "sh", "-c", "grep -hF '\"GET /search/\" 200' /var/log/shoko/rp*.log").stdout


@pytest.mark.parametrize(("path", "burst"), [("/robots.txt", 100), ("/", 60)])
def test_a_client_that_asks_too_much_is_slowed_and_told_so(converged: Converged, path: str, burst: int) -> None:
    script = (
        f"for i in $(seq 400); do echo 'url=\"https://{NAME}{path}\"'; echo 'output=/dev/null'; done > /tmp/many;"
        # more at once would wait for the servers' handshakes, and be told that they are away
        f" curl -sS --cacert {ROOT} --resolve {NAME}:443:{VIP} -Z --parallel-max 20 -K /tmp/many"
        " -w '%{http_code} %header{retry-after}\\n'"
    )
    statuses = [line.strip() for line in converged.inside("home", "sh", "-c", script, timeout=120).stdout.splitlines()]
    assert statuses.count("429 10") > 0
    assert statuses.count("200") >= burst, "the burst passes"
    assert set(statuses) <= {"200", "429 10"}, sorted(set(statuses))
    time.sleep(6)
    assert curl(converged, path)[0] == 200


# What a server on the WebOPAC leg says to somebody with this certificate.
ASK_ILS = """
import json, socket, ssl, sys
order = json.loads(sys.argv[1])
context = ssl.create_default_context(cafile="/etc/shoko/trust/ils.pem")
if order["certificate"]:
    context.load_cert_chain(order["certificate"])
try:
    with socket.create_connection(("10.10.30.11", 8443), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname="ils-servers.role.shoko.internal") as session:
            session.sendall(b"GET /robots.txt HTTP/1.0\\r\\nHost: opac.library.example\\r\\n\\r\\n")
            print(session.recv(4096).decode().split()[1])
except (OSError, IndexError) as reason:
    print("refused", reason)
"""


@pytest.mark.parametrize(
    ("certificate", "accepted"),
    [("entry-client", True), ("host", False), ("opac", False), (None, False)],
)
def test_the_ils_believes_reverse_proxies_alone(converged: Converged, certificate: str | None, accepted: bool) -> None:
    path = None if certificate is None else f"/etc/shoko/certificates/{certificate}.pem"
    said = converged.said("rp1", "python3", "-c", ASK_ILS, json.dumps({"certificate": path}))
    assert (said == "200") is accepted, said


@contextmanager
def away(converged: Converged, *servers: str) -> Iterator[None]:
    """The ILS's door is shut on these servers."""
    for server in servers:
        converged.said(server, "systemctl", "stop", "ils-web")
    try:
        yield
    finally:
        for server in servers:
            converged.said(server, "systemctl", "start", "ils-web")


def test_one_server_away_is_not_noticed(converged: Converged) -> None:
    with away(converged, "app1"):
        statuses = [curl(converged, "/robots.txt")[0] for _ in range(10)]
    assert statuses == [200] * 10


def test_both_servers_away_is_told_in_japanese_and_passes_by_itself(converged: Converged) -> None:
    with away(converged, "app1", "app2"):
        status, said, _ = curl(converged, "/search/?q=x", "-i")
        assert status == 503
        assert "retry-after: 30" in said.lower()
        assert "今、このサイトは使えません" in said
        assert "cannot be reached at the moment" in said
    assert eventually(lambda: answers(converged), 60), "the citizen is still sent away"


def test_nginx_comes_back_by_itself(converged: Converged) -> None:
    for host in REVERSE_PROXIES:
        converged.said(host, "systemctl", "kill", "--signal=KILL", "nginx")
    assert eventually(lambda: answers(converged), 60), "nginx did not come back"
