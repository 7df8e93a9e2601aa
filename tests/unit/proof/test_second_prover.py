"""z3 proves the same equality from its own reading of the rules: two provers would have to make the same mistake."""

from pathlib import Path

import pytest

from shoko.declaration.load import load as declared
from shoko.proof import rendered
from shoko.proof.expected.host import HostExpectation
from shoko.proof.expected.permissions import permissions
from shoko.proof.interfaces import Interfaces
from shoko.proof.paths import PATHS, packets
from shoko.proof.read import names

from . import formulas

MUSEUM = declared(Path(__file__).resolve().parents[3] / "inventories" / "museum")
HOSTS = ["fw1", "srv1"]


@pytest.fixture(scope="module")
def listings():
    return rendered.listings(MUSEUM, HOSTS)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", HOSTS)
def test_no_packet_tells_ruleset_and_declaration_apart(listings, host, path):
    own = {leg.interface for leg in MUSEUM.hosts[host].legs} | {one.interface for one in MUSEUM.segments.values()}
    known = {*names(listings[host]), *own, "lo", MUSEUM.gateways.sync.interface}
    interfaces = Interfaces(known)
    expected = HostExpectation(MUSEUM, permissions(MUSEUM), host, interfaces)
    one = formulas.packet()
    passes, _leaving = formulas.accepts(listings[host], interfaces.known, path, one)
    should = formulas.inside(one, [permitted.box for permitted in expected.permitted(path)])
    possible = formulas.inside(one, packets(path))
    assert formulas.example(possible, passes != should) is None
    # And it is able to tell: without one permission there is a packet.
    if expected.permitted(path):
        fewer = formulas.inside(one, [permitted.box for permitted in expected.permitted(path)[:-1]])
        assert formulas.example(possible, passes, formulas.z3.Not(fewer)) is not None
