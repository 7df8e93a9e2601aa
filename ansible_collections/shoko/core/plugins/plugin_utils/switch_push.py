"""The steps by which a switch gets its configuration, the same for every make.

read → diff → arm the undo on the device → apply → verify over a new session → disarm and save. Whatever breaks in
between, the device returns to the former configuration: by itself where it can arm an undo, else by our applying it.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ansible_collections.shoko.core.plugins.plugin_utils.switch_errors import SwitchError, SwitchUnreachable


class Driver[Session](Protocol):
    """What a make of switch must be able to do. Configurations are texts in one canonical order."""

    device_type: str  # netmiko's name
    undoes_itself: bool  # can arm an undo that fires without us

    def canonical(self, text: str) -> str:
        """Bring a rendered configuration into the order and spelling in which `read` reports."""

    def read(self, session: Session) -> str:
        """Return the part of the running configuration that the declaration speaks of."""

    def commands(self, current: str, wanted: str) -> list[str]:
        """Return what turns one configuration into the other."""

    def arm(self, session: Session, commands: Sequence[str], seconds: int) -> None:
        """Let the device run these commands after `seconds`, unless disarmed."""

    def disarm(self, session: Session) -> None:
        """Take the armed undo back."""

    def apply(self, session: Session, commands: Sequence[str]) -> None:
        """Run the commands; raise SwitchError with the device's own words if it refuses one."""

    def save(self, session: Session) -> None:
        """Make the running configuration the one of the next start."""


@dataclass(frozen=True)
class Outcome:
    """What a push found and did."""

    changed: bool
    before: str
    after: str
    commands: tuple[str, ...]

    @property
    def diff(self) -> str:
        """Unified diff of the configurations, empty without a difference."""
        return "".join(
            difflib.unified_diff(
                self.before.splitlines(keepends=True), self.after.splitlines(keepends=True), "running", "declared"
            )
        )


def push[Session](
    driver: Driver[Session],
    open_session: Callable[[], AbstractContextManager[Session]],
    rendered: str,
    *,
    check: bool,
    bound: int,
    reach: Callable[[], None] = lambda: None,
) -> Outcome:
    """Bring a switch to the rendered configuration. Raises SwitchError after the former one is back.

    `bound` is the number of seconds within which a new session must come about; `reach` may try more than that and
    raises SwitchError if something that must be reachable is not.
    """
    wanted = driver.canonical(rendered)
    applying, former, undo, started = False, "", [], time.monotonic()
    try:
        with open_session() as session:
            former = driver.read(session)
            commands, undo = driver.commands(former, wanted), driver.commands(wanted, former)
            outcome = Outcome(former != wanted, former, wanted, tuple(commands))
            if check or not outcome.changed:
                return outcome
            if driver.undoes_itself:
                driver.arm(session, undo, bound)
            applying, started = True, time.monotonic()
            driver.apply(session, commands)
    except SwitchUnreachable:
        if not applying:
            raise
        # The session may have died of the very change: a new one decides.
    except SwitchError as error:
        if not applying:
            raise
        _put_back(driver, open_session, former, undo, started + bound)
        raise SwitchError(f"the switch refused the change, the former configuration is back: {error}") from error
    try:
        _verify(driver, open_session, wanted, reach)
    except SwitchError as error:
        _put_back(driver, open_session, former, undo, started + bound)
        raise SwitchError(f"the change did not stand the test, the former configuration is back: {error}") from error
    return outcome


def _verify[Session](
    driver: Driver[Session],
    open_session: Callable[[], AbstractContextManager[Session]],
    wanted: str,
    reach: Callable[[], None],
) -> None:
    with open_session() as session:
        found = driver.read(session)
        if found != wanted:
            raise SwitchError("it runs something else than was applied:\n" + Outcome(True, found, wanted, ()).diff)
        reach()
        if driver.undoes_itself:
            driver.disarm(session)
        driver.save(session)


def _put_back[Session](
    driver: Driver[Session],
    open_session: Callable[[], AbstractContextManager[Session]],
    former: str,
    undo: Sequence[str],
    fires: float,
) -> None:
    """Make sure that the former configuration runs; raises SwitchError if that cannot be shown."""
    try:
        with open_session() as session:
            if driver.read(session) != former:
                driver.apply(session, undo)
            if driver.undoes_itself:
                driver.disarm(session)
            return
    except SwitchUnreachable:
        if not driver.undoes_itself:
            raise
    time.sleep(max(0.0, fires - time.monotonic()) + 2.0)
    with open_session() as session:
        found = driver.read(session)
        if found != former:
            difference = Outcome(True, found, former, ()).diff
            raise SwitchError(f"the former configuration did not come back; look at the console:\n{difference}")
