"""When something is told: once when it appears, again if it is something else, and when it has ended."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoko.drift.alerts import ALERT, NOTICE, State, step
from shoko.drift.changes import Change, HostDrift

HOST = "db1"


def change(word):
    return Change(HOST, "rules", "gained", (word,))


A, B = change("somebody can now reach db1"), change("somebody else can now reach db1")
GONE = HostDrift(HOST, unread=("no answer",))


def read(*changes):
    return HostDrift(HOST, tuple(changes))


def told(*readings):
    """What is told after each reading; a reading is what was found and whether a run was going on."""
    state, said = State(), []
    for one in readings:
        found, run = one if isinstance(one, tuple) else (one, False)
        state, lines = step(state, [found], "2026-12-01T00:00:00Z", run=run)
        state = State.of(state.record())  # as it comes back from its file
        said.append([f"{line.priority} {line.text.split()[0]} {line.text[-14:]}" for line in lines])
    return said


def drift(one):
    return f"{ALERT} DRIFT [{one.ident}]"


def ended(one):
    return f"{NOTICE} ENDED [{one.ident}]"


TABLE = {
    "nothing": ([read(), read()], [[], []]),
    "a change is told once": ([read(A), read(A), read(A)], [[drift(A)], [], []]),
    "and when it has ended": ([read(A), read(), read()], [[drift(A)], [ended(A)], []]),
    "and when it comes again": ([read(A), read(), read(A)], [[drift(A)], [ended(A)], [drift(A)]]),
    "another change is told": ([read(A), read(A, B)], [[drift(A)], [drift(B)]]),
    "a changed change is told": ([read(A), read(B)], [[drift(A)], [drift(B), ended(A)]]),
    "nothing is told during a run": ([(read(A), True), (read(B), True)], [[], []]),
    "what stands after a run is told then": ([(read(A), True), read(A)], [[], [drift(A)]]),
    "what a run makes and takes back is never told": ([(read(A), True), read()], [[], []]),
    "what a run ends is told after it": ([read(A), (read(), True), read()], [[drift(A)], [], [ended(A)]]),
    "nothing ends unseen": ([read(A), GONE, read(A)], [[drift(A)], [], []]),
}


@pytest.mark.parametrize(("readings", "expected"), TABLE.values(), ids=TABLE)
def test_what_is_told(readings, expected):
    assert told(*readings) == expected


def words(*readings):
    state, said = State(), []
    for found in readings:
        state, lines = step(state, [found], "2026-12-01T00:00:00Z", run=False)
        said.append([(line.priority, line.text) for line in lines])
    return said


def test_a_host_that_cannot_be_read_twice_running_is_told_once_with_the_reason():
    lines = words(GONE, GONE, GONE, read())
    assert lines[0] == []
    ((priority, text),) = lines[1]
    assert (priority, text) == (ALERT, "UNREAD db1: no answer; what can be reached there is not known")
    assert lines[2] == []
    assert lines[3] == [(NOTICE, "ENDED db1: can be read again")]


def test_a_host_that_starts_anew_is_not_told():
    assert words(read(), GONE, read(), GONE, read()) == [[], [], [], [], []]


def test_a_host_that_is_no_longer_declared_ends_what_was_told():
    state, _lines = step(State(), [read(A)], "", run=False)
    state, lines = step(state, [], "", run=False)
    assert [line.text for line in lines] == ["ENDED db1: is no longer declared"]
    assert not state.told


READINGS = st.lists(
    st.tuples(st.one_of(st.just(GONE), st.sets(st.sampled_from([A, B])).map(lambda some: read(*some))), st.booleans()),
    max_size=12,
)


@given(READINGS)
def test_what_has_been_told_is_what_stood_at_the_last_reading_outside_a_run(readings):
    """Told and not ended = what stands: nothing is lost and nothing told twice, whatever comes in which order."""
    state, open_alerts = State(), set()
    for found, run in readings:
        state, lines = step(state, [found], "", run=run)
        for line in lines:
            ident = line.text.rpartition("[")[2].rstrip("]")
            if line.text.startswith("DRIFT"):
                assert ident not in open_alerts
                open_alerts.add(ident)
            elif line.text.startswith("ENDED db1: somebody"):
                open_alerts.remove(ident)
        if not run and not found.unread:
            assert open_alerts == {one.ident for one in found.changes}
        assert open_alerts == {ident for known in state.told.values() for ident in known}
