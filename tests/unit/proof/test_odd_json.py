"""Whatever JSON a host prints: the prover ends with a result, and never with a pass where it did not understand.

SHOKO_ODD is the number of examples of each property.
"""

import copy
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoko.declaration.load import load as declared
from shoko.proof import rendered
from shoko.proof.evidence import Analysis, Sources, now, record
from shoko.proof.expected.permissions import permissions
from shoko.proof.prove import prove_host
from shoko.proof.report import lines
from shoko.proof.same import same

from .odd_json import CHAINS, anything, item, known, unknown

SITE = Path(__file__).resolve().parents[3] / "inventories" / "museum"
COUNT = int(os.environ.get("SHOKO_ODD", "25"))
odd = settings(max_examples=COUNT, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def museum():
    declaration = declared(SITE)
    return declaration, permissions(declaration), rendered.listings(declaration, ["srv1"])["srv1"]


@odd
@given(items=st.lists(item, max_size=6), hooked=st.booleans())
def test_no_ruleset_makes_the_prover_fall_over(museum, items, hooked):
    declaration, every, _listing = museum
    listing = {"nftables": [*CHAINS, *items] if hooked else items}
    assert not prove_host(declaration, every, "srv1", listing).proven, "none of these is the declared ruleset"
    assert same(listing, listing) in (True, None)


@odd
@given(document=anything)
def test_no_document_makes_the_prover_fall_over(museum, document):
    declaration, every, _listing = museum
    for listing in [{"nftables": document}, document if isinstance(document, dict) else {}]:
        assert not prove_host(declaration, every, "srv1", listing).proven


@odd
@given(expr=st.tuples(known, unknown, known, st.sampled_from(["accept", "drop", "return"])), data=st.data())
def test_an_unknown_expression_never_passes(museum, expr, data):
    declaration, every, listing = museum
    before, strange, after, end = expr
    changed = copy.deepcopy(listing)
    at = data.draw(st.sampled_from([at for at, one in enumerate(changed["nftables"]) if "rule" in one]))
    where = {name: changed["nftables"][at]["rule"][name] for name in ("family", "table", "chain")}
    whole = [*before, strange, *after, {end: None}]
    changed["nftables"].insert(at, {"rule": {**where, "handle": 9, "expr": whole}})
    proof = prove_host(declaration, every, "srv1", changed)
    assert not proof.proven, json.dumps(whole)
    assert proof.unproved, json.dumps(whole)


def places(value, here=()):
    """The way to every part of a JSON value."""
    yield here
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from places(part, (*here, name))


@odd
@given(part=anything, data=st.data())
def test_a_real_listing_with_anything_in_place_of_a_part_ends_with_a_result(museum, part, data):
    declaration, every, listing = museum
    changed = copy.deepcopy(listing)
    *way, last = data.draw(st.sampled_from([one for one in places(changed) if len(one) > 1]))
    inside = changed
    for name in way:
        inside = inside[name]
    inside[last] = part
    proof = prove_host(declaration, every, "srv1", changed)
    assert list(lines([proof]))
    analysis = Analysis((proof,), None, Sources("running", {"srv1": changed}, {"srv1": listing}))
    page = record(declaration, analysis, None, now())
    assert page["result"] == ("proven" if proof.proven else page["result"])
