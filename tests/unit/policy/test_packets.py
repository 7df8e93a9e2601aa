"""What the rendered rulesets do to real packets of a small site: allowed exactly as declared."""

import itertools
import os
import subprocess
import sys
import textwrap
import time

import pytest

from shoko.policy import slices
from shoko.policy.nft import ruleset

from .network import PORTS, Network
from .sites import declare, small

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

# Written by hand from the flows of `small`, as (source, target, protocol, port): the oracle shares no code.
MANAGED = ("rp1", "app1", "db1", "px1", "tb1", "ctl1", "log1", "fw1")
ALLOWED = {
    ("world", "opac", "tcp", 443),
    ("rp1", "app1-webopac", "tcp", 8443),
    *((terminal, "app1", "tcp", 443) for terminal in ("tb1", "guest")),
    *((terminal, "px1", protocol, 53) for terminal in ("tb1", "guest") for protocol in ("tcp", "udp")),
    *((terminal, "proxy", "tcp", 3128) for terminal in ("tb1", "guest")),
    *(("px1", "world", protocol, 53) for protocol in ("tcp", "udp")),
    *(("ctl1", host, "tcp", 22) for host in MANAGED if host != "ctl1"),
    *((host, "log1", "tcp", 2514) for host in MANAGED if host != "log1"),
}
ONLY_IPV4 = {("px1", "world", "tcp", 53), ("px1", "world", "udp", 53)}

# Name to (namespace, IPv4, IPv6).
PLACES = {
    "world": ("world", "192.0.2.2", "2001:db8:ffff::2"),
    "rp1": ("rp1", "198.51.100.21", "2001:db8:0:20::21"),
    "opac": ("rp1", "198.51.100.20", "2001:db8:0:20::20"),
    "app1": ("app1", "10.10.40.11", "fd5e:c0:0:40::11"),
    "app1-webopac": ("app1", "10.10.30.11", "fd5e:c0:0:30::11"),
    "db1": ("db1", "10.10.50.11", "fd5e:c0:0:50::11"),
    "px1": ("px1", "10.10.60.11", "fd5e:c0:0:60::11"),
    "proxy": ("px1", "10.10.60.10", "fd5e:c0:0:60::10"),
    "ctl1": ("ctl1", "10.10.80.10", "fd5e:c0:0:80::10"),
    "log1": ("log1", "10.10.80.21", "fd5e:c0:0:80::21"),
    "tb1": ("tb1", "10.10.41.21", "fd5e:c0:0:41::21"),
    "guest": ("guest", "10.10.41.99", "fd5e:c0:0:41::99"),
    "stray": ("stray", "10.10.40.99", "fd5e:c0:0:40::99"),
    "fw1": ("fw1", "10.10.80.2", "fd5e:c0:0:80::2"),
    "fw1-floor": ("fw1", "10.10.41.2", "fd5e:c0:0:41::2"),
    "fw1-line": ("fw1", "203.0.113.2", "2001:db8:0:10::2"),
    "gateway-floor": ("fw1", "10.10.41.1", "fd5e:c0:0:41::1"),
    "gateway-line": ("fw1", "203.0.113.1", "2001:db8:0:10::1"),
}
REFUSED = 0.8  # seconds after which nothing has come: no retransmission is waited for
RESENT = 1.3  # seconds after which what was lost once has come, by a retransmission
PATIENCE = 60.0  # seconds in which a counter has to show what was sent
SHARED = ("opac", "proxy", "gateway-floor", "gateway-line")  # only answer, never ask
MARK = 0x80000000 | small()["numbers"]["visit"]


@pytest.fixture(scope="module")
def network():
    net = Network()
    try:
        declaration = declare(small())
        content = slices(declaration)
        interfaces = {name: segment.interface for name, segment in declaration.segments.items()}
        for host in ("fw1", "ctl1", "log1", "rp1", "app1", "db1", "px1", "tb1", "sw1"):
            net.managed(content[host], interfaces)
        net.leg("sw1", "port", "business", [])
        net.add("world")
        net.leg("world", "line", "line", ["203.0.113.14/28", "2001:db8:0:10::e/64"])
        net.address("world", "lo", "192.0.2.2/32")
        net.address("world", "lo", "2001:db8:ffff::2/128")
        for name, segment, vlan in (("guest", "floor", 41), ("stray", "business", 40)):
            net.add(name)
            net.leg(name, "leg", segment, [f"10.10.{vlan}.99/24", f"fd5e:c0:0:{vlan}::99/64"])
        for name, ipv4, ipv6, source in (
            ("world", "203.0.113.1", "2001:db8:0:10::1", ("192.0.2.2", "2001:db8:ffff::2")),
            ("guest", "10.10.41.1", "fd5e:c0:0:41::1", None),
            ("stray", "10.10.40.1", "fd5e:c0:0:40::1", None),
        ):
            for index, via in enumerate((ipv4, ipv6)):
                net.route(name, ("0.0.0.0/0", "::/0")[index], via, *([f"src {source[index]}"] if source else []))
        net.build()
        net.serve()
        yield net
    finally:
        net.close()


def counted(network, wanted, *rules):
    """What rules (host, comment, chain) counted; on a busy machine a packet may wait for its neighbour's address."""
    until = time.monotonic() + PATIENCE
    while (found := sum(network.counter(*one) for one in rules)) < wanted and time.monotonic() < until:
        time.sleep(0.1)
    return found


def test_every_connection_is_allowed_exactly_as_declared(network):
    by_address = {address: name for name, place in PLACES.items() for address in place[1:]}
    declared = {(*one, version) for one in ALLOWED for version in (0, 1) if not (version and one in ONLY_IPV4)}
    everything = {
        (source, target, protocol, port, version)
        for source, target, protocol, port, version in itertools.product(PLACES, PLACES, ("tcp", "udp"), PORTS, (0, 1))
        if PLACES[source][0] != PLACES[target][0] and source not in SHARED
    }
    assert declared <= everything
    reached = set()
    # The declared ones go first: neighbours are then known, and no queue of unresolved packets overflows.
    for chosen, wait in ((declared, 0.0), (everything, RESENT)):
        running = []
        for name in dict.fromkeys(place[0] for place in PLACES.values()):
            attempts = [
                [PLACES[source][1 + version], PLACES[target][1 + version], protocol, port]
                for source, target, protocol, port, version in sorted(chosen) if PLACES[source][0] == name
            ]  # fmt: skip
            expected = sum(PLACES[source][0] == name for source, *_rest in declared)
            running.append(network.start_attempts(name, attempts, wait, expected))
        for process in running:
            for source, target, protocol, port, _answer in network.finish_attempts(process):
                reached.add((by_address[source], by_address[target], protocol, port, int(":" in target)))
    assert sorted(reached - declared) == [], "passes without a flow"
    assert sorted(declared - reached) == [], "declared, but does not pass"


def test_only_the_declared_process_reaches_the_database(network):
    attempts = [["10.10.40.11", "10.10.50.11", "tcp", 5432], ["fd5e:c0:0:40::11", "fd5e:c0:0:50::11", "tcp", 5432]]
    assert len(network.attempt("app1", attempts, expected=2, user=58001)) == 2
    assert network.attempt("app1", attempts, REFUSED, user=58002) == []


def test_the_way_out_is_translated_to_the_shared_address(network):
    (answer,) = network.attempt("px1", [["10.10.60.11", "192.0.2.2", "udp", 53]], expected=1)
    assert answer[4] == "203.0.113.1"


def test_a_forged_sender_is_dropped_where_it_comes_in(network):
    before = network.counter("fw1", "refused:spoof", "spoofed")
    network.inside("guest", "ip", "address", "add", "10.10.80.10/32", "dev", "lo")
    assert network.attempt("guest", [["10.10.80.10", "10.10.50.11", "tcp", 22]], REFUSED) == []
    network.inside("world", "ip", "address", "add", "10.10.80.77/32", "dev", "lo")
    assert network.attempt("world", [["10.10.80.77", "198.51.100.20", "tcp", 443]], REFUSED) == []
    assert counted(network, before + 2, ("fw1", "refused:spoof", "spoofed")) >= before + 2


def test_what_a_switch_carries_for_everybody_is_not_told_as_forged(network):
    forged = network.counter("sw1", "refused:spoof", "spoofed")
    carried = network.counter("sw1", "plumbing:switched", "spoofed")
    script = (
        "import socket\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)\n"
        "[s.sendto(b'to all', ('10.10.40.255', 9)) for _ in range(20)]\n"
    )
    network.inside("stray", sys.executable, "-c", script)
    assert counted(network, carried + 20, ("sw1", "plumbing:switched", "spoofed")) >= carried + 20
    # Not "none": a kernel may say a word of its own on sw1's management leg meanwhile.
    assert network.counter("sw1", "refused:spoof", "spoofed") < forged + 20


def test_a_terminals_own_way_out_is_counted_by_its_pair_of_zones(network):
    before = network.counter("tb1", "refused:drop:output:business:internet", "output")
    assert network.attempt("tb1", [["10.10.41.21", "192.0.2.2", "tcp", 443]], REFUSED) == []
    assert counted(network, before + 1, ("tb1", "refused:drop:output:business:internet", "output")) > before


def test_a_host_answers_an_address_on_its_own_leg_only(network):
    before = network.counter("app1", "plumbing:strong-host", "input")
    network.inside("stray", "ip", "route", "add", "10.10.30.11/32", "via", "10.10.40.11")
    assert network.attempt("stray", [["10.10.40.99", "10.10.30.11", "tcp", 8443]], REFUSED) == []
    assert counted(network, before + 1, ("app1", "plumbing:strong-host", "input")) > before


def test_a_packet_that_opens_nothing_is_no_new_session(network):
    unsolicited = [("fw1", f"plumbing:{why}", "forward") for why in ("not-syn", "invalid")]
    before = counted(network, 0, *unsolicited)
    script = """
        import socket, struct
        def total(data):
            words = sum(struct.unpack(f"!{len(data) // 2}H", data))
            words = (words >> 16) + (words & 0xFFFF)
            return ~(words + (words >> 16)) & 0xFFFF
        source, target = socket.inet_aton("10.10.41.99"), socket.inet_aton("10.10.40.11")
        head = lambda check: struct.pack("!HHIIBBHHH", 40000, 443, 1, 1, 5 << 4, 0x11, 1024, check, 0)
        pseudo = source + target + struct.pack("!BBH", 0, 6, 20)
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
        raw.sendto(head(total(pseudo + head(0))), ("10.10.40.11", 0))
    """
    network.inside("guest", sys.executable, "-c", textwrap.dedent(script))
    assert counted(network, before + 1, *unsolicited) == before + 1


def test_a_window_opens_by_its_element_and_its_end_cuts_the_session(network):
    attempt = [["10.10.41.21", "10.10.50.11", "tcp", 5432]]
    element = f"{{ {MARK:#x} . 10.10.41.21 . 10.10.50.11 . 5432 timeout 1h }}"
    assert network.attempt("tb1", attempt, REFUSED) == []
    places = ("fw1", "tb1", "db1")
    for name in places:
        network.inside(name, "nft", "add", "element", "inet", "shoko", "open4", element)
    assert len(network.attempt("tb1", attempt, expected=1)) == 1
    held = subprocess.Popen(
        ["ip", "netns", "exec", network.space("tb1"), sys.executable, "-u", "-c", textwrap.dedent("""
            import socket, sys
            link = socket.create_connection(("10.10.50.11", 5432), 60, ("10.10.41.21", 0))
            for line in sys.stdin:
                link.settimeout(60 if line == "open\\n" else 2)
                link.send(line.encode())
                try:
                    print(link.recv(64).decode().strip())
                except TimeoutError:
                    print("cut")
        """)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)  # fmt: skip
    with held:
        held.stdin.write("open\n")
        assert held.stdout.readline() == "open\n"
        # The end at one place is enough; the entry of the session stays, which is the point.
        network.inside("fw1", "nft", "delete", "element", "inet", "shoko", "open4", element.replace(" timeout 1h", ""))
        held.stdin.write("closed\n")
        assert held.stdout.readline() == "cut\n"
        held.stdin.close()
    assert network.attempt("tb1", attempt, REFUSED) == []


def test_reloading_never_opens(network):
    network.inside("fw1", "nft", "-f", "-", text=ruleset(slices(declare(small()))["fw1"]))
    assert network.attempt("guest", [["10.10.41.99", "10.10.50.11", "tcp", 5432]], REFUSED) == []
    assert len(network.attempt("guest", [["10.10.41.99", "10.10.40.11", "tcp", 443]], expected=1)) == 1
