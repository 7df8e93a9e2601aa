"""Real packets of the path suite through a gateway in a namespace: counted, accounted for, lost and found again."""

import json
import subprocess
import time
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import SimpleNamespace

import pytest

from shoko.proof.dynamic import frames
from shoko.proof.dynamic.answers import Answering, Vacancy
from shoko.proof.dynamic.bench import Gate
from shoko.proof.dynamic.filters import GOING
from shoko.proof.dynamic.path import OneGateway
from shoko.proof.dynamic.result import SuiteResult
from shoko.proof.dynamic.ring import SLOTS, Ring
from shoko.proof.dynamic.still import same
from shoko.proof.dynamic.sweep import Batch, Sweep
from shoko.proof.dynamic.traffic import Traffic
from shoko.proof.errors import ProofError
from shoko.proof.spans import of

LEGS = {"pa": ("10.1.0.1/24", "fd01::1/64"), "pb": ("10.2.0.1/24", "fd02::1/64")}
RULES = "table inet filter {\n chain forward { type filter hook forward priority 0; policy drop; %s }\n}"


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"


@dataclass
class Cables:
    """What stands for the bench and the switch: a port at each leg of the gateway, joined by a cable."""

    namespace: Path
    macs: dict
    segments: list = field(default_factory=list)


class Rig:
    """A namespace with ports and one with a gateway."""

    def __init__(self, name):
        self.ports, self.gateway = f"{name}-ports", f"{name}-gate"
        for one in (self.ports, self.gateway):
            run("ip", "netns", "add", one)
        self.inside(self.gateway, "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad")
        lines = []
        macs = {leg: [bytes.fromhex(f"0200000000{side}{at}") for side in "12"] for at, leg in enumerate(LEGS)}
        for leg, addresses in LEGS.items():
            port, own = (mac.hex(":") for mac in macs[leg])
            lines += [f"link add {leg} address {own} type veth peer name {leg} address {port} netns {self.ports}"]
            lines += [f"addr add {one} dev {leg} nodad" for one in addresses] + [f"link set {leg} up"]
        run("ip", "-n", self.gateway, "-batch", "-", text="\n".join(lines))
        self.inside(self.ports, "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6")
        for leg in LEGS:
            run("ip", "-n", self.ports, "link", "set", leg, "up")
        self.inside(
            self.gateway, "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding"
        )
        at = Path("/run/netns")
        self.bench = Cables(at / self.ports, {leg: both[0] for leg, both in macs.items()})
        self.gate = Gate("gate", at / self.gateway, {leg: both[1] for leg, both in macs.items()})
        self.traffic = Traffic(self.bench, self.gate)
        self.rings = {"pa": Ring(self.bench.namespace)}

    @staticmethod
    def inside(namespace, script):
        run("ip", "netns", "exec", namespace, "sh", "-euc", script)

    def rules(self, text):
        run("ip", "netns", "exec", self.gateway, "nft", "-f", "-", text="flush ruleset\n" + RULES % text)

    def knows(self, *addresses):
        for one in addresses:
            run("ip", "-n", self.gateway, "neigh", "replace", one, "lladdr", "02:00:00:00:00:11", "dev", "pb")

    def deaf(self, is_so):
        """What is sent to the gateway's leg is for somebody else, or for it again."""
        mac = "02:00:00:00:00:99" if is_so else self.gate.macs["pa"].hex(":")
        run("ip", "-n", self.gateway, "link", "set", "pa", "address", mac)

    def close(self):
        self.traffic.close()
        for ring in self.rings.values():
            ring.close()
        for one in (self.ports, self.gateway):
            run("ip", "netns", "delete", one)


@pytest.fixture
def rig(request):
    made = Rig(f"shd{abs(hash(request.node.name)) % 10**8}")
    try:
        yield made
    finally:
        made.close()


def packet(family, proto):
    ends = ("10.1.0.9", "10.2.0.9") if family == 4 else ("fd01::9", "fd02::9")
    saddr, daddr = (int(ip_address(one)) for one in ends)
    return {"family": family, "saddr": saddr, "daddr": daddr, "proto": proto, "nexthdr": proto, "headed": 1,
            "sport": 61000, "dport": 0, "flags": 2, "hop": 64}  # fmt: skip


def batch(family, proto, *ports):
    return Batch(f"{proto} IPv{family}", "pa", packet(family, proto), of(ports), of(ports), of(ports))


def test_every_port_is_sent_and_the_gateway_alone_decides(rig):
    rig.rules("tcp dport { 443, 65535 } accept; ip6 daddr fd02::9 udp dport 0 accept;")
    rig.knows("10.2.0.9", "fd02::9")
    result = SuiteResult("every port", "gate")
    told = []
    every = [batch(4, 6, 443, 65535), batch(4, 17), batch(6, 6, 443, 65535), batch(6, 17, 0)]
    done = Sweep(rig.traffic, rig.rings, result, told.append).run(every)
    assert [sorted(one.passed) for one in done] == [[443, 65535], [], [443, 65535], [0]]
    assert told == done
    counts = result.counts
    assert (counts.sent, counts.seen, counts.passed, counts.dropped) == (4 * SLOTS, 4 * SLOTS, 5, 4 * SLOTS - 5)
    assert counts.unaccounted == 0
    assert result.unproved == []


def test_what_got_lost_is_sent_again_and_then_accounted_for(rig, monkeypatch):
    rig.rules("udp dport 53 accept;")
    rig.knows("10.2.0.9")
    rig.deaf(True)
    begin = Sweep._begin

    def heard_the_second_time(sweep, one):
        if one.tries == 1:
            rig.deaf(False)
        begin(sweep, one)

    monkeypatch.setattr(Sweep, "_begin", heard_the_second_time)
    result = SuiteResult("every port", "gate")
    done = Sweep(rig.traffic, rig.rings, result, lambda _one: None).run([batch(4, 17, 53)])
    assert [sorted(one.passed) for one in done] == [[53]]
    assert result.counts.resent >= SLOTS
    assert (result.counts.sent, result.counts.seen, result.counts.unaccounted) == (SLOTS, SLOTS, 0)
    assert result.unproved == []


def test_a_leg_that_hears_nothing_is_unproved_and_no_pass(rig):
    rig.rules("accept;")
    rig.deaf(True)
    result = SuiteResult("every port", "gate")
    every = [batch(4, 6), batch(4, 17), batch(6, 6)]
    assert Sweep(rig.traffic, rig.rings, result, lambda _one: None).run(every) == []
    assert not result.proven
    assert result.counts.unaccounted == SLOTS
    assert "0 were seen" in result.unproved[0]
    assert "2 more batches" in result.unproved[1]


@pytest.mark.parametrize(("rules", "said"), [("tcp dport 80 accept; counter drop;", 0), ("tcp dport 80 accept;", 1)])
def test_what_did_not_come_out_has_to_be_counted_by_a_rule_that_drops(rig, rules, said):
    rig.rules(rules)
    rig.knows("10.2.0.9")

    def read(_names):
        command = ["ip", "netns", "exec", rig.gateway, "nft", "-j", "list", "ruleset"]
        return {"gate": json.loads(subprocess.run(command, capture_output=True, check=True).stdout)}

    def suite():
        result = SuiteResult("every port", "gate")
        Sweep(rig.traffic, rig.rings, result, lambda _one: None).run([batch(4, 6, 80)])
        return result

    judge = SimpleNamespace(gate=rig.gate)
    before = read([])["gate"]
    gateway = OneGateway(None, None, rig.traffic, judge, rig.rings, print, read)
    result = gateway.counted(suite)
    assert result.counts.dropped == SLOTS - 1
    assert len(result.unproved) == said
    assert all(f"{SLOTS - 1} packets" in one for one in result.unproved)
    assert same(before, gateway.listing())
    rig.rules("tcp dport 81 accept; counter drop;")
    assert not same(before, gateway.listing())


def test_what_came_out_and_could_not_be_read_is_no_proof(rig):
    rig.rules("accept;")
    rig.knows("10.2.0.9")
    rig.traffic.passed.close()
    rig.traffic.passed = type(rig.traffic.passed)(rig.gate.namespace, GOING, 4096)
    rig.traffic.passed.read = lambda: iter(())  # a reader that is too slow
    result = SuiteResult("every port", "gate")
    assert Sweep(rig.traffic, rig.rings, result, lambda _one: None).run([batch(4, 17)]) == []
    assert len(result.unproved) == 1


def test_a_probe_that_cannot_send_ends_the_proof(rig):
    run("ip", "-n", rig.ports, "link", "set", "pa", "down")
    with pytest.raises(ProofError, match="pa cannot send"):
        rig.traffic.put("pa", b"\0" * 60)
    with pytest.raises(ProofError, match="pa cannot send"):
        Sweep(rig.traffic, rig.rings, SuiteResult("every port", "gate"), lambda _one: None).run([batch(4, 17)])


def test_single_frames_are_counted_and_what_is_not_signed_is_not(rig):
    rig.rules("tcp dport 80 accept;")
    rig.knows("10.2.0.9", "fd02::9")
    wanted = [{**packet(family, 6), "dport": port} for family in (4, 6) for port in (80, 81)]
    made = [("pa", rig.traffic.framed("pa", frames.packet(one, number))) for number, one in enumerate(wanted, 1)]
    strange = bytearray(made[0][1])
    strange[15] = 0  # without the class; the checksum of its header is wrong as well
    rig.traffic.put("pa", bytes(strange))
    sent, seen, out = rig.traffic.send(made)
    assert sent.total() == seen.total() == 4
    assert sorted((interface, frames.token_of(one)) for interface, one in out) == [("pb", 1), ("pb", 3)]


def test_addresses_that_nobody_has_are_answered_for_and_declared_ones_are_not(rig):
    nets = tuple(ip_network(one) for one in ("10.2.0.0/24", "fd02::/64"))
    known = frozenset(int(ip_address(one)) for one in ("10.2.0.7", "fd02::7"))
    ports = {"pb": Vacancy(rig.bench.macs["pb"], nets, known)}
    answering = Answering(rig.bench.namespace, ports, rig.gate.macs.values())
    rig.rules("accept;")
    # As long as the loop below waits for an answer, the gateway asks for it.
    rig.inside(rig.gateway, "for one in /proc/sys/net/ipv[46]/neigh/pb/mcast_solicit; do echo 30 >$one; done")
    try:
        found = {}
        for number, address in enumerate(("10.2.0.9", "10.2.0.7", "fd02::9", "fd02::7"), 1):
            family = 6 if ":" in address else 4
            one = {**packet(family, 17), "daddr": int(ip_address(address)), "dport": 5000}
            _sent, _seen, out = rig.traffic.send([("pa", rig.traffic.framed("pa", frames.packet(one, number)))])
            out += rig.traffic.later()
            give_up = time.monotonic() + 30
            while address.endswith("9") and not out and time.monotonic() < give_up:
                out += rig.traffic.later()
            found[address] = len(out)
    finally:
        answering.close()
    assert found == {"10.2.0.9": 1, "10.2.0.7": 0, "fd02::9": 1, "fd02::7": 0}
