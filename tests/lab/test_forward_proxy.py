"""The only way out, tried from real terminals: what is declared works, every way around it ends and is logged."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from converged import Converged

PROBE = (Path(__file__).parent / "proxy_probe.py").read_text()
PROXY = ["10.10.60.10", 3128]
PROXY6 = ["fd5e:c0:0:60::10", 3128]
REFERENCE = "www.reference.example"
NDL = "ndlsearch.ndl.go.jp"
ELSEWHERE = "www.elsewhere.example"
COLLECTORS = ("log1", "log2")


def attempt(converged: Converged, host: str, order: dict[str, Any]) -> dict[str, int]:
    """One attempt from a terminal."""
    said = converged.said(host, "python3", "-c", PROBE, json.dumps({"proxy": PROXY, **order}))
    result: dict[str, int] = json.loads(said)
    return result


def tls(name: str, hello: str | None = "", **more: Any) -> dict[str, Any]:
    """A CONNECT with the same name in the hello, unless another is given."""
    return {"connect": [name, more.pop("port", 443)], "hello": name if hello == "" else hello, **more}


def logged(converged: Converged, collector: str, *words: str, within: float = 120) -> str:
    """The last line at a collector that has all the words; fails if none comes in time."""
    end = time.monotonic() + within
    script = "cat /var/log/shoko/*.log" + "".join(f" | grep -F -e '{word}'" for word in words) + " | tail -1"
    while time.monotonic() < end:
        line = converged.inside(collector, "sh", "-c", script).stdout
        if line:
            return line
        time.sleep(1)
    raise AssertionError(f"{collector} has no line with {' and '.join(words)}")


@pytest.mark.parametrize(
    ("host", "order"),
    [
        ("ti-central", tls(REFERENCE, names=True)),
        ("ti-central", tls(NDL, names=True)),
        ("ti-south", tls(REFERENCE, names=True)),
        ("tb-south", tls(NDL, names=True)),
        ("ti-central", {"url": f"http://{REFERENCE}/"}),
        ("ti-central", tls(REFERENCE, names=True, proxy=PROXY6)),
    ],
    ids=lambda value: value if isinstance(value, str) else json.dumps(value)[:60],
)
def test_declared_site_is_reached_undecrypted(converged: Converged, host: str, order: dict[str, Any]) -> None:
    result = attempt(converged, host, order)
    reached = result["site"] if "connect" in order else result["proxy"]
    assert reached in {200, 301, 302, 404}, result


WAYS_AROUND: list[tuple[str, str, dict[str, Any]]] = [
    ("another site", "ti-central", tls(ELSEWHERE)),
    ("another site in plain HTTP", "ti-central", {"url": f"http://{ELSEWHERE}/"}),
    ("a site of another zone", "tb-south", tls(REFERENCE)),
    ("a site of another zone in plain HTTP", "tb-south", {"url": f"http://{REFERENCE}/"}),
    ("another name in the hello", "ti-central", tls(REFERENCE, ELSEWHERE)),
    ("a listed name in the hello of another", "ti-central", tls(ELSEWHERE, REFERENCE)),
    ("two listed names that differ", "ti-central", tls(REFERENCE, NDL)),
    ("no name in the hello", "ti-central", tls(REFERENCE, None)),
    ("no TLS in the tunnel", "ti-central", tls(REFERENCE, raw="SSH-2.0-OpenSSH_10.0\r\n")),
    ("plain HTTP in the tunnel", "ti-central", tls(REFERENCE, raw="GET / HTTP/1.0\r\n\r\n")),
    ("an address instead of a name", "ti-central", tls("192.0.2.2", REFERENCE)),
    ("an IPv6 address instead of a name", "ti-central", tls("[2001:db8:ffff::2]", REFERENCE)),
    ("an address in plain HTTP", "ti-central", {"url": "http://192.0.2.2/"}),
    ("an address with a listed Host", "ti-central", {"url": "http://192.0.2.2/", "host_header": REFERENCE}),
    ("the proxy itself", "ti-central", tls("127.0.0.1", "localhost", port=22)),
    ("the proxy itself in plain HTTP", "ti-central", {"url": "http://127.0.0.1:3128/"}),
    ("the proxy's manager", "ti-central", {"url": "http://10.10.60.10:3128/squid-internal-mgr/info"}),
    ("link-local", "ti-central", {"url": "http://169.254.169.254/latest/"}),
    ("IPv6 loopback", "ti-central", {"url": "http://[::1]/"}),
    ("the database", "ti-central", tls("10.10.50.11", "db1", port=5432)),
    ("the ILS behind the proxy", "ti-central", tls("10.10.40.10", "staff.library.example")),
    ("another port", "ti-central", tls(REFERENCE, port=22)),
    ("CONNECT to the plain port", "ti-central", tls(REFERENCE, port=80)),
    ("the TLS port in plain HTTP", "ti-central", {"url": f"http://{REFERENCE}:443/"}),
    ("FTP", "ti-central", {"url": f"ftp://{REFERENCE}/"}),
    ("a name below a listed one", "ti-central", tls(f"x.{REFERENCE}")),
    ("a name that ends like a listed one", "ti-central", tls(f"x{REFERENCE}")),
    ("a terminal that has no flow", "to-central", tls(REFERENCE)),
    ("packages for a site of research", "db1", {"url": f"http://{REFERENCE}/"}),
]


@pytest.mark.parametrize(("host", "order"), [one[1:] for one in WAYS_AROUND], ids=[one[0] for one in WAYS_AROUND])
def test_no_way_around(converged: Converged, host: str, order: dict[str, Any]) -> None:
    result = attempt(converged, host, order)
    assert result["site"] == 0, result
    assert "connect" in order or result["proxy"] in {0, 400, 403}, result


def test_what_was_refused_is_logged_at_both_collectors(converged: Converged) -> None:
    name = f"refused-{time.time_ns()}.example"
    attempt(converged, "ti-central", tls(name))
    attempt(converged, "ti-central", tls(REFERENCE, name))
    for collector in COLLECTORS:
        assert "tls=terminate" in logged(converged, collector, "client=10.10.61.21", f"host={name}")
        assert "tls=terminate" in logged(converged, collector, f"host={REFERENCE}", f"hello={name}")


def test_paths_and_queries_are_not_logged(converged: Converged) -> None:
    secret = f"secret{time.time_ns()}"
    attempt(converged, "ti-central", {"url": f"http://{REFERENCE}/{secret}?q={secret}"})
    mark = f"after-{secret}.example"
    attempt(converged, "ti-central", {"url": f"http://{mark}/"})
    logged(converged, "log1", f"host={mark}")
    found = converged.inside("log1", "sh", "-c", f"cat /var/log/shoko/px*.log | grep -F 'GET' | grep -F -c '/{secret}'")
    assert found.stdout.strip() == "0", found.stdout


CONNECT = "import socket; socket.create_connection(('192.0.2.2', 443), 3)"


def test_a_refused_page_is_logged_with_the_pair_of_zones(converged: Converged) -> None:
    name = f"refused{time.time_ns()}.example"
    attempt(converged, "ti-central", tls(name))
    for collector in COLLECTORS:
        logged(
            converged, collector, "client=10.10.61.21", f"host={name}", "zones=information:internet", "tls=terminate"
        )


@pytest.mark.parametrize("host", ["ti-central", "ti-south", "to-central"])
@pytest.mark.parametrize("address", ["192.0.2.2", "2001:db8:ffff::2"])
def test_direct_way_ends_and_is_logged_with_the_pair_of_zones(converged: Converged, host: str, address: str) -> None:
    port = 20000 + time.time_ns() % 40000
    script = f"import socket; socket.create_connection(({address!r}, {port}), 3)"
    assert converged.inside(host, "python3", "-c", script).returncode != 0
    zone = "opac" if host == "to-central" else "information"
    for collector in COLLECTORS:
        logged(converged, collector, f" {host} ulogd", f"drop output {zone} internet", f"DPT={port}")


def test_a_business_terminal_has_no_way_to_the_internet_at_all(converged: Converged) -> None:
    done = converged.inside("tb-south", "python3", "-c", CONNECT)
    assert done.returncode != 0
    assert "unreachable" in done.stderr, "the zone is kept apart from the internet"


def test_direct_way_of_an_intruder_is_dropped_by_the_gateway(converged: Converged) -> None:
    """Somebody who is root on a terminal opens the terminal's own rules."""
    try:
        converged.said(
            "ti-central", "nft", "insert", "rule", "inet", "shoko", "output", "ip", "daddr", "192.0.2.2", "accept"
        )
        assert converged.inside("ti-central", "python3", "-c", CONNECT).returncode != 0
    finally:
        converged.inside("ti-central", "systemctl", "restart", "nftables")
    for collector in COLLECTORS:
        logged(converged, collector, " ulogd", "IN=info-central OUT=line", "SRC=10.10.61.21 DST=192.0.2.2")
    rules = converged.said("ti-central", "nft", "list", "chain", "inet", "shoko", "output")
    assert "192.0.2.2" not in rules, "the terminal has its own rules again"


def dig(converged: Converged, host: str, server: str, name: str, kind: str = "A") -> tuple[str, list[str]]:
    """Ask a name server with a packet of our own; returns the status and the addresses or texts."""
    script = """
import socket, struct, sys
server, name, kind = sys.argv[1:]
code = {"A": 1, "AAAA": 28, "TXT": 16, "NS": 2}[kind]
query = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0)
query += b"".join(bytes([len(p)]) + p.encode() for p in name.strip(".").split(".") if p) + b"\\0"
query += struct.pack(">HH", code, 1)
s = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(3)
for _ in range(3):  # as every resolver does: a packet may be lost
    s.sendto(query, (server, 53))
    try:
        answer = s.recv(4096)
        break
    except TimeoutError:
        continue
_, flags, _, count, _, _ = struct.unpack(">HHHHHH", answer[:12])
rest, at, found = answer, len(query), []
for _ in range(count):
    while rest[at]:
        if rest[at] & 0xC0:
            at += 1
            break
        at += rest[at] + 1
    at += 1
    kind_, _, _, size = struct.unpack(">HHIH", rest[at:at + 10])
    data = rest[at + 10:at + 10 + size]
    families = {1: socket.AF_INET, 28: socket.AF_INET6}
    found.append(socket.inet_ntop(families[kind_], data) if kind_ in families else data.hex())
    at += 10 + size
print(flags & 15, *found)
"""
    words = converged.said(host, "python3", "-c", script, server, name, kind).split()
    names = {"0": "NOERROR", "2": "SERVFAIL", "3": "NXDOMAIN", "5": "REFUSED"}
    return names.get(words[0], words[0]), words[1:]


def test_terminals_are_told_the_names_that_their_flows_lead_to(converged: Converged) -> None:
    for server in ("10.10.60.11", "fd5e:c0:0:60::11"):
        assert dig(converged, "ti-central", server, "opac.library.example") == ("NOERROR", ["198.51.100.20"])
    assert dig(converged, "tb-south", "10.10.60.12", "staff.library.example") == ("NOERROR", ["10.10.40.10"])
    assert dig(converged, "tb-south", "10.10.60.12", "staff.library.example", "AAAA")[1] == ["fd5e:c0:0:40::10"]


@pytest.mark.parametrize(
    ("host", "name", "kind"),
    [
        ("ti-central", "staff.library.example", "A"),
        ("ti-central", NDL, "A"),
        ("ti-central", "aGVsbG8gd29ybGQ.tunnel.elsewhere.example", "TXT"),
        ("tb-south", "aGVsbG8gd29ybGQ.tunnel.elsewhere.example", "TXT"),
        ("tb-south", "db1.shoko.internal", "A"),
        ("to-central", ".", "NS"),
    ],
)
def test_every_other_name_is_refused(converged: Converged, host: str, name: str, kind: str) -> None:
    assert dig(converged, host, "10.10.60.11", name, kind) == ("REFUSED", [])


def test_a_name_that_is_not_listed_is_never_resolved(converged: Converged) -> None:
    """Otherwise anybody could carry words out in the names that they ask the proxy for."""
    name = f"words{time.time_ns()}.elsewhere.example"
    capture = converged.start(
        "world", "timeout", "300", "tcpdump", "-l", "-n", "-i", "any", "udp", "port", "53", "and", "host", "203.0.113.1"
    )
    said = heard(capture, "listening on")
    attempt(converged, "ti-central", {"url": f"http://{name}/"})
    attempt(converged, "ti-central", tls(name))
    # A fresh name below a listed one has to be refused by its name too; a listed one proves that the capture works.
    converged.said("px1", "python3", "-c", "import socket; socket.getaddrinfo('www.elsewhere.example', 80)")
    said += heard(capture, "elsewhere.example")
    converged.inside("world", "pkill", "tcpdump")
    said += capture.communicate()[0]
    assert "elsewhere.example" in said, f"the capture saw no query at all: {said}"
    assert name not in said


def heard(capture: subprocess.Popen[str], word: str) -> str:
    """What a capture prints up to a line with a word, or to its end."""
    assert capture.stdout is not None
    said = ""
    for line in capture.stdout:
        said += line
        if word in line:
            break
    return said


def test_what_reads_strangers_words_is_never_root(converged: Converged) -> None:
    """Nor was: a parent that had been could not start its child anew on Debian's own kernel (sandbox.yml)."""
    for host in ("px1", "px2"):
        said = converged.said(host, "ps", "-C", "squid", "-o", "ruser=,euser=,suser=")
        assert {word for line in said.splitlines() for word in line.split()} == {"proxy"}


def test_services_of_a_proxy_come_back_by_themselves(converged: Converged) -> None:
    for unit in ("squid", "unbound"):
        before = converged.said("px2", "systemctl", "show", "-P", "MainPID", unit)
        converged.said("px2", "systemctl", "kill", "--signal=KILL", unit)
        end = time.monotonic() + 90
        while time.monotonic() < end:
            now = converged.inside("px2", "systemctl", "show", "-P", "MainPID", unit).stdout.strip()
            if (
                now not in {before, "0"}
                and converged.inside("px2", "systemctl", "is-active", "-q", unit).returncode == 0
            ):
                break
            time.sleep(0.5)
        else:
            pytest.fail(f"{unit} did not come back")
