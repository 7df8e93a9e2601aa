"""What the path suite would send through a gateway of the lab: whom it stands for, and what has to become of it."""

from functools import cache
from ipaddress import ip_address
from pathlib import Path

import pytest

from shoko.declaration.load import load as declared
from shoko.proof import rendered
from shoko.proof.dynamic import frames
from shoko.proof.dynamic.bench import Gate, taken
from shoko.proof.dynamic.ends import addresses, free, pairs, reach
from shoko.proof.dynamic.judge import Judge
from shoko.proof.dynamic.leaks import ports
from shoko.proof.dynamic.scans import forged, scans
from shoko.proof.dynamic.sweep import batches
from shoko.proof.expected.permissions import permissions
from shoko.proof.fields import ADDRESSES
from shoko.proof.spans import meet, union

SITE = Path(__file__).resolve().parents[3] / "inventories/lab"
SPORT = 61001


@cache
def judged():
    declaration = declared(SITE)
    listing = rendered.listings(declaration, ["fw1"])["fw1"]
    return declaration, Judge(declaration, permissions(declaration), Gate("fw1", Path(), {}), listing)


def test_every_ordered_pair_of_segments_is_there_in_both_families():
    declaration, judge = judged()
    switched = [one.name for one in declaration.segments.values() if one.vlan is not None]
    tunnels = [one.name for one in declaration.segments.values() if one.tunnel is not None]
    wanted = {(source, target, family) for source in switched for target in [*switched, *tunnels]
              for family in (4, 6) if source != target}  # fmt: skip
    found = pairs(declaration, judge)
    assert sorted((one.source.name, one.destination.name, one.family) for one in found) == sorted(wanted)
    assert len(wanted) == 2 * 13 * 13
    only = frozenset({("data.servers", "dmz.servers")})
    assert {(one.source.name, one.destination.name) for one in pairs(declaration, judge, only)} == only


def test_a_pair_stands_for_what_is_permitted_where_something_is():
    """Every pair of interfaces between which anything is permitted has a permitted port between its addresses."""
    declaration, judge = judged()
    alive = {(one.box["family"][0], one.box["iif"][0], one.box["oif"][0]) for one in judge.must if one.flow}
    through = {
        (one.packet["family"], one.packet["iif"], one.packet["oif"])
        for one in batches(judge, pairs(declaration, judge), SPORT)
        if one.must
    }
    assert len(through) > 40
    assert through == alive


def test_the_ways_out_share_all_addresses_among_them():
    declaration, _judge = judged()
    for family, every in ADDRESSES.items():
        parts = [reach(declaration, one, family) for one in declaration.segments.values() if not one.own_uplink]
        assert all(not meet(one, other) for at, one in enumerate(parts) for other in parts[:at])
        assert union(parts) == every


def test_addresses_that_nobody_has_are_in_the_prefix_and_nobodys():
    declaration, _judge = judged()
    for segment in (one for one in declaration.segments.values() if not one.own_uplink):
        for family, network in ((4, segment.ipv4), (6, segment.ipv6)):
            found = list(free(declaration, segment, family))
            assert found
            for number in found:
                assert ip_address(number.to_bytes(4 if family == 4 else 16)) in network
                assert number not in taken(declaration, segment)
                assert number not in addresses(declaration, segment, family)


@pytest.mark.parametrize("short", [True, False])
def test_scans_and_forged_sources_pass_only_where_permitted_and_by_the_analysis_too(short):
    declaration, judge = judged()
    every = pairs(declaration, judge)
    passing = 0
    for one in [*scans(judge, every, SPORT, short=short), *(forged(declaration, judge, every, SPORT) if short else ())]:
        assert all(20 <= len(packet) <= 200 for packet in one.made(7))
        assert {frames.token_of(packet) for packet in one.made(7)} == {7}
        must, may, let = judge.verdict(one.packet)
        assert must == may == let, judge.words(one.packet)
        passing += must and not one.never
    assert 0 < passing < 1000


def test_icmp_is_scanned_type_by_type():
    declaration, judge = judged()
    every = pairs(declaration, judge, frozenset({("data.servers", "dmz.servers")}))
    probes = list(scans(judge, every, SPORT, short=False))
    for family, proto in ((4, 1), (6, 58)):
        types = [one.packet["sport"] >> 8 for one in probes if one.packet["family"] == family
                 and one.packet["proto"] == proto and not one.about]  # fmt: skip
        assert types == list(range(256))


def test_every_port_of_the_switch_has_its_vlan():
    class Bench:
        declaration = declared(SITE)
        switch = "sw1"
        segments = [one for one in declaration.segments.values() if one.vlan is not None]  # noqa: RUF012

    found = ports(Bench)
    assert (found["fw1.dmz"], found["provider.line"], found["mgmt"], found["probe.50"]) == (20, 10, 80, 50)
    legs = [leg for host in Bench.declaration.hosts.values() for leg in host.legs]
    assert len(found) == len(legs) + len(Bench.segments) + 1  # the switch's own leg, the prober's ports, the provider's
