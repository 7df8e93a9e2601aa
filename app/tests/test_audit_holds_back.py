"""What cannot be written into the audit is not done: change and event are one transaction."""

import pytest

from shoko_ils.audit import record
from tests.audited import Act, Scene, snapshot
from tests.counter import as_owner
from tests.test_audited_counter import ACTS
from tests.test_audited_records import SCREENS, SERVICES

# a try is counted before the PIN is looked at
COUNTED_BEFORE = {"pin-refused"}


class Unwritable(Exception):
    """The audit takes no event."""


def refused(*_: object) -> None:
    raise Unwritable


@pytest.mark.usefixtures("empty_shelves")
@pytest.mark.parametrize("act", [*ACTS, *SERVICES], ids=str)
def test_an_act_without_its_event_is_not_done(act: Act, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    done = act.prepare(scene)
    monkeypatch.setattr(record, "write", refused)
    before = snapshot()
    with pytest.raises(Unwritable):
        done()
    assert snapshot() == before


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("act", [act for act in SCREENS if act.action not in COUNTED_BEFORE], ids=str)
def test_an_act_on_its_screen_without_its_event_is_not_done(
    act: Act, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = act.prepare(scene)
    monkeypatch.setattr(record, "write", refused)
    before = as_owner(snapshot)
    with pytest.raises(Unwritable):
        done()
    assert as_owner(snapshot) == before
