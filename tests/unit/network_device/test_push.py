"""The steps of a switch change, against a switch that can refuse, break off, lie and undo by itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import pytest

from ansible_collections.shoko.core.plugins.plugin_utils import switch_push
from ansible_collections.shoko.core.plugins.plugin_utils.switch_errors import SwitchError, SwitchUnreachable
from ansible_collections.shoko.core.plugins.plugin_utils.switch_push import push


class Switch:
    """A device whose whole configuration is one line; the driver and the session are the same object."""

    device_type = "toy"

    def __init__(self, running: str, *, undoes_itself: bool = True) -> None:
        self.running = running
        self.undoes_itself = undoes_itself
        self.armed: list[str] | None = None
        self.saved = ""
        self.sessions = 0
        self.refuses = False
        self.cut_by: str | None = None  # a configuration under which nobody gets in
        self.lies: str | None = None  # what it runs whatever it is told
        self.log: list[str] = []

    @contextlib.contextmanager
    def session(self) -> Iterator[Switch]:
        if self.cut_by is not None and self.running == self.cut_by:
            if self.armed and self.sessions:  # time passes: the armed undo fires
                self.running, self.armed = self.armed[0], None
                raise SwitchUnreachable("no session")
            raise SwitchUnreachable("no session")
        self.sessions += 1
        yield self

    def canonical(self, text: str) -> str:
        return text.strip() + "\n"

    def read(self, session: Switch) -> str:
        return self.running

    def commands(self, current: str, wanted: str) -> list[str]:
        return [] if current == wanted else [wanted]

    def arm(self, session: Switch, commands: Sequence[str], seconds: int) -> None:
        self.log.append("arm")
        self.armed = list(commands)

    def disarm(self, session: Switch) -> None:
        self.log.append("disarm")
        self.armed = None

    def apply(self, session: Switch, commands: Sequence[str]) -> None:
        self.log.append("apply")
        if self.refuses and commands[0] != "former\n":
            raise SwitchError("% Invalid input")
        self.running = self.lies or commands[0]
        if self.running == self.cut_by:
            raise SwitchUnreachable("broke off")

    def save(self, session: Switch) -> None:
        self.log.append("save")
        self.saved = self.running


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting costs no time here."""
    monkeypatch.setattr(switch_push.time, "sleep", lambda _seconds: None)


def test_the_same_configuration_is_one_session_and_no_change() -> None:
    switch = Switch("wanted\n")
    assert not push(switch, switch.session, "wanted", check=False, bound=5).changed
    assert (switch.sessions, switch.log) == (1, [])


def test_a_change_is_armed_first_verified_over_a_new_session_and_saved_last() -> None:
    switch = Switch("former\n")
    outcome = push(switch, switch.session, "wanted", check=False, bound=5)
    assert outcome.changed
    assert "-former" in outcome.diff
    assert "+wanted" in outcome.diff
    assert switch.log == ["arm", "apply", "disarm", "save"]
    assert (switch.sessions, switch.saved) == (2, "wanted\n")


def test_check_mode_shows_the_difference_and_touches_nothing() -> None:
    switch = Switch("former\n")
    assert push(switch, switch.session, "wanted", check=True, bound=5).changed
    assert (switch.running, switch.log) == ("former\n", [])


def test_a_refused_line_leaves_the_former_configuration() -> None:
    switch = Switch("former\n")
    switch.refuses = True
    with pytest.raises(SwitchError, match="refused the change, the former configuration is back: % Invalid input"):
        push(switch, switch.session, "wanted", check=False, bound=5)
    assert (switch.running, switch.armed) == ("former\n", None)


def test_a_change_that_cuts_us_off_is_undone_by_the_device() -> None:
    switch = Switch("former\n")
    switch.cut_by = "wanted\n"
    with pytest.raises(SwitchError, match="did not stand the test, the former configuration is back"):
        push(switch, switch.session, "wanted", check=False, bound=5)
    assert (switch.running, switch.saved) == ("former\n", "")


def test_a_switch_that_runs_something_else_is_put_back() -> None:
    switch = Switch("former\n")
    switch.lies = "nonsense\n"

    def honest(session: Switch, commands: Sequence[str]) -> None:
        switch.running = commands[0] if commands[0] == "former\n" else "nonsense\n"

    switch.apply = honest  # type: ignore[method-assign]
    with pytest.raises(SwitchError, match="runs something else"):
        push(switch, switch.session, "wanted", check=False, bound=5)
    assert switch.running == "former\n"


def test_what_must_stay_reachable_is_tried_before_the_change_is_kept() -> None:
    switch = Switch("former\n", undoes_itself=False)

    def reach() -> None:
        raise SwitchError("rp1 is gone")

    with pytest.raises(SwitchError, match="rp1 is gone"):
        push(switch, switch.session, "wanted", check=False, bound=5, reach=reach)
    assert (switch.running, switch.saved, switch.log) == ("former\n", "", ["apply", "apply"])


def test_a_device_without_an_undo_that_stays_away_says_so() -> None:
    switch = Switch("former\n", undoes_itself=False)
    switch.cut_by = "wanted\n"
    with pytest.raises(SwitchUnreachable):
        push(switch, switch.session, "wanted", check=False, bound=5)
