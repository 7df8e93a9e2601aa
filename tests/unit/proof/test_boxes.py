"""The algebra: spans and boxes are sets, and their operations are those of sets."""

from hypothesis import given, settings
from hypothesis import strategies as st

from shoko.proof import boxes, spans
from shoko.proof.fields import VALUES
from shoko.proof.index import Index

quick = settings(max_examples=40, deadline=None)  # a time limit would test how busy the machine is
FIELDS = ("state", "family", "headed", "direction")  # small ones, so that all packets can be listed

values = st.integers(0, 15)
members = st.sets(values).map(spans.of)


def listed(some):
    return {value for value in range(-2, 20) if spans.holds(some, value)}


@quick
@given(members, members)
def test_spans_are_sets(one, other):
    assert listed(spans.meet(one, other)) == listed(one) & listed(other)
    assert listed(spans.minus(one, other)) == listed(one) - listed(other)
    assert listed(spans.union([one, other])) == listed(one) | listed(other)
    assert spans.size(one) == len(listed(one))


@quick
@given(members, members)
def test_equal_sets_have_equal_spans(one, other):
    assert (one == other) == (listed(one) == listed(other))
    assert spans.union([spans.meet(one, other), spans.minus(one, other)]) == one


def part(field):
    everything = sorted(value for at in range(0, len(VALUES[field]), 2) for value in range(*VALUES[field][at : at + 2]))
    return st.sets(st.sampled_from(everything), min_size=1).map(spans.of)


box = st.fixed_dictionaries({}, optional={field: part(field) for field in FIELDS})


def packets(some):
    found = [{}]
    for field in FIELDS:
        here = some.get(field, VALUES[field])
        found = [{**one, field: value} for one in found for value in range(10) if spans.holds(here, value)]
    return {tuple(sorted(one.items())) for one in found}


@quick
@given(box, box)
def test_boxes_are_sets(one, other):
    both = boxes.meet(one, other)
    assert (packets(both) if both is not None else set()) == packets(one) & packets(other)
    assert boxes.apart(one, other) == (both is None)
    rest = boxes.minus(one, other)
    assert set().union(*map(packets, rest)) == packets(one) - packets(other)
    assert sum(len(packets(piece)) for piece in rest) == len(packets(one) - packets(other)), "pieces overlap"


@quick
@given(box, st.lists(box, max_size=4))
def test_what_is_left_of_a_box(one, others):
    rest = boxes.without(one, others)
    assert set().union(*map(packets, rest)) == packets(one) - set().union(*map(packets, others))
    assert sum(map(len, map(packets, rest))) == len(set().union(*map(packets, rest)))


@quick
@given(st.lists(box, max_size=6))
def test_merging_keeps_every_packet_and_adds_none(some):
    assert set().union(*map(packets, boxes.merged(some))) == set().union(*map(packets, some))


wide = st.fixed_dictionaries(
    {},
    optional={
        field: st.sets(st.integers(4, 7), min_size=1).map(spans.of) for field in ("iif", "oif", "dport", "daddr")
    },
)


@quick
@given(st.lists(wide), wide)
def test_the_index_forgets_no_overlap(some, one):
    near = Index(some).near(one)
    assert [other for other in some if not boxes.apart(one, other) and other not in near] == []
