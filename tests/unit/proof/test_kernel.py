"""The analysis says of random rulesets what the kernel does to real packets.

SHOKO_RULESETS is the number of rulesets; `make prove-kernel` sets it to many and then sends every port both ways.
"""

import os
import random
from ipaddress import ip_address

import pytest

from shoko.proof.boxes import apart, meet, point
from shoko.proof.fields import INVALID, NEW
from shoko.proof.interfaces import Interfaces
from shoko.proof.paths import accepted
from shoko.proof.read import names, read
from shoko.proof.spans import holds, union

from .random_rulesets import ADDRESSES, PORTS, ZONES, Writer
from .wire import Wire, frame

RULESETS = int(os.environ.get("SHOKO_RULESETS", "10"))
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
EVERY_PORT = RULESETS >= 100
SYN, RST = 2, 4


@pytest.fixture(scope="module")
def wire():
    one = Wire()
    try:
        yield one
    finally:
        one.close()


def between(ends, family, proto, ports, chance):
    """A packet between two zones, from and to some address there."""
    here, there = ends
    return {
        "from": here,
        "to": there,
        "family": family,
        "saddr": int(ip_address(chance.choice(ADDRESSES[family][here]))),
        "daddr": int(ip_address(chance.choice(ADDRESSES[family][there]))),
        "proto": proto,
        "sport": ports[0],
        "dport": ports[1],
        "flags": SYN,
    }


def corners(boxes):
    """The ports at the edges of every box, and their neighbours."""
    found = {*PORTS, 0, 65535, 5000, 5003}
    for box in boxes:
        for port in (*box.get("dport", ()), *box.get("sport", ())):
            found |= {port - 1, port, port + 1}
    return sorted(port for port in found if 0 <= port <= 65535)


def few(boxes, chance):
    """Packets at the corners of what was accepted, and everywhere else a bit."""
    ports = corners(boxes)
    for _ in range(1500):
        family = chance.choice((4, 6))
        proto = chance.choice((6, 6, 17, 17, 1 if family == 4 else 58))
        pair = (chance.choice(ports), chance.choice(ports))
        if proto in (1, 58):
            pair = (chance.choice((0, 8, 128, 129)) << 8, 0)
        yield {
            **between(chance.sample(ZONES, 2), family, proto, pair, chance),
            "flags": chance.choice((SYN, SYN, SYN, RST)),
        }


def identity(packet):
    """What the oracle keeps of a packet: of ICMP it takes the checksum for a port."""
    dport = packet["dport"]
    if packet["proto"] in (1, 58):
        dport = int.from_bytes(frame(packet)[-6:-4])
    return (packet["family"], packet["saddr"], packet["daddr"], packet["proto"], packet["sport"], dport)


def state(packet):
    """Conntrack's view of a lonely packet: a reset, or an ICMP message that asks nothing, belongs to no session."""
    if packet["proto"] == 6:
        return INVALID if packet["flags"] == RST else NEW
    if packet["proto"] in (1, 58):
        return NEW if packet["sport"] >> 8 == (8 if packet["proto"] == 1 else 128) else INVALID
    return NEW


def as_seen(packet, numbers):
    """The packet as the analysis names it."""
    seen = {name: value for name, value in packet.items() if name not in ("from", "to")}
    seen |= {"iif": numbers[packet["from"]], "oif": numbers[packet["to"]], "dport": identity(packet)[-1]}
    seen |= {"headed": 1, "hop": 64, "nexthdr": packet["proto"], "state": state(packet), "mark": 0, "direction": 0}
    return seen


def judged(wire, seed):
    """A random ruleset in the kernel: its text, the boxes that it accepts, the numbers of its interfaces."""
    text = Writer(seed).ruleset()
    listing = wire.load(text)
    interfaces = Interfaces({*names(listing), *ZONES})
    ruleset = read(listing, interfaces)
    assert ruleset.unknown == ()
    return text, [box for batch in accepted(ruleset, "forward") for box in batch.boxes], interfaces.known


@pytest.mark.parametrize("seed", range(1000, 1000 + RULESETS))
def test_the_kernel_lets_through_what_the_analysis_says(wire, seed):
    text, boxes, numbers = judged(wire, seed)
    chance = random.Random(seed)  # noqa: S311 - a test is to be repeated
    packets = {identity(one): one for one in few(boxes, chance)}
    passed = wire.passed(list(packets.values()))
    assert passed <= packets.keys(), "something came out that was not sent"
    for who, packet in packets.items():
        seen = point(as_seen(packet, numbers))
        assert (who in passed) == any(not apart(box, seen) for box in boxes), f"{packet}\n{text}"


if EVERY_PORT:

    @pytest.mark.parametrize("seed", range(2000, 2000 + RULESETS))
    def test_every_port_both_ways(wire, seed):
        text, boxes, numbers = judged(wire, seed)
        chance = random.Random(seed)  # noqa: S311 - a test is to be repeated
        here, there = chance.sample(ZONES, 2)
        packets = [
            between(ends, family, proto, (40000, 0), chance)
            for ends in ((here, there), (there, here)) for family in (4, 6) for proto in (6, 17)
        ]  # fmt: skip
        passed = wire.swept(packets)
        foretold = set()
        for packet in packets:
            seen = point({name: value for name, value in as_seen(packet, numbers).items() if name != "dport"})
            ports = union(both.get("dport", (0, 65536)) for box in boxes if (both := meet(box, seen)))
            who = identity(packet)[:-1]
            foretold |= {(*who, port) for port in range(1, 65536) if holds(ports, port)}
        assert passed == foretold, text
