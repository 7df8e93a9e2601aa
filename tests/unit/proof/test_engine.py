"""The analysis of all packets says of each packet what a plain reading of the rules says."""

import random
from ipaddress import ip_address

import pytest

from shoko.proof.boxes import apart, point
from shoko.proof.interfaces import Interfaces
from shoko.proof.load import loaded
from shoko.proof.paths import accepted
from shoko.proof.read import names, read

from .oracle import Oracle
from .random_rulesets import ADDRESSES, PORTS, ZONES, Writer

FREE = {"direction": 0, "mark": 0, "hop": 64, "user": 0, "nexthdr": 6, "flags": 2, "headed": 1}


def packet(chance, interfaces):
    family = chance.choice((4, 6))
    proto = chance.choice((6, 6, 17, 17, 58 if family == 6 else 1, 47))
    here, there = chance.sample(ZONES, 2)
    ports = [*PORTS, *(port + by for port in PORTS for by in (-1, 1)), *range(4999, 5005), 8 * 256, 0, 128 * 256, 65535]
    return FREE | {
        "family": family,
        "proto": proto,
        "iif": interfaces.number(here),
        "oif": interfaces.number(there),
        "saddr": address(chance, family, here),
        "daddr": address(chance, family, there),
        "sport": chance.choice(ports),
        "dport": chance.choice(ports),
        "state": chance.choice((0, 1, 2, 3, 3, 3, 4)),
        "headed": chance.choice((1, 1, 1, 1, 0)),
    }


def address(chance, family, zone):
    return int(ip_address(chance.choice(ADDRESSES[family][zone])))


@pytest.mark.parametrize("seed", range(6))
def test_sets_of_packets_and_single_packets_agree(seed):
    text = Writer(seed).ruleset()
    listing = loaded(text, "random ruleset")
    known = {*names(listing), *ZONES}
    interfaces = Interfaces(known)
    ruleset = read(listing, interfaces)
    assert ruleset.unknown == ()
    passing = [box for batch in accepted(ruleset, "forward") for box in batch.boxes]
    oracle = Oracle(listing, {name: interfaces.number(name) for name in known})
    chance = random.Random(seed)  # noqa: S311 - a test is to be repeated
    for _ in range(300):
        one = packet(chance, interfaces)
        in_boxes = sum(not apart(box, point(one)) for box in passing)
        assert in_boxes == int(oracle.accepts("forward", one)[0]), f"{one}\n{text}"
