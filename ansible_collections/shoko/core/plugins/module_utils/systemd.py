"""What systemd knows of units, and the few verbs used on them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ansible_collections.shoko.core.plugins.module_utils.commands import must, run
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.marks import canonical

_PROPERTIES = (
    "Id", "LoadState", "ActiveState", "SubState", "UnitFileState", "Result", "ConditionResult",
    "ConditionTimestampMonotonic", "NeedDaemonReload", "CanReload", "Type", "RemainAfterExit",
    "ExecMainExitTimestampMonotonic",
)  # fmt: skip
_POLL = 0.1  # seconds between two looks at a unit that is starting
_SETTLE = 0.6  # seconds a service must stay up: Type=simple counts as started before it read its files


@dataclass(frozen=True)
class Unit:
    """One unit as ``systemctl show`` describes it; ``name`` is the full name that was asked for."""

    name: str
    properties: dict[str, str]

    def __getitem__(self, key: str) -> str:
        return self.properties.get(key, "")

    @property
    def present(self) -> bool:
        """Whether there is such a unit (masked counts)."""
        return self["LoadState"] not in ("not-found", "")

    @property
    def masked(self) -> bool:
        """Whether it is masked."""
        return self["LoadState"] == "masked"

    @property
    def enabled(self) -> bool:
        """Whether it starts at boot, or cannot be enabled because others pull it in (systemctl(1) is-enabled)."""
        return self["UnitFileState"] in ("enabled", "static", "indirect", "alias", "generated", "transient")

    @property
    def can_disable(self) -> bool:
        """Whether `systemctl disable` would change anything."""
        return self["UnitFileState"] in ("enabled", "enabled-runtime", "linked", "linked-runtime")

    @property
    def passing(self) -> bool:
        """Whether it is a job that ends (oneshot without RemainAfterExit): inactive is its normal state."""
        return self["Type"] == "oneshot" and self["RemainAfterExit"] == "no"

    @property
    def ran(self) -> bool:
        """Whether such a job ran to a good end since the boot."""
        return self["Result"] == "success" and self["ExecMainExitTimestampMonotonic"] not in ("", "0")

    @property
    def up(self) -> bool:
        """Whether it is as ``started`` means it."""
        return self["ActiveState"] in ("active", "reloading") or (self.passing and self.ran)

    @property
    def condition_failed(self) -> bool:
        """Whether the last start was skipped because a Condition…= was not met."""
        return self["ConditionResult"] == "no" and self["ConditionTimestampMonotonic"] not in ("", "0")

    @property
    def stale(self) -> bool:
        """Whether its file or a drop-in changed since systemd read it."""
        return self["NeedDaemonReload"] == "yes"


def show(names: list[str]) -> dict[str, Unit]:
    """Return the units by full name, one call for all."""
    full = list(dict.fromkeys(canonical(name) for name in names))
    if not full:
        return {}
    output = must(["systemctl", "show", "--no-pager", f"--property={','.join(_PROPERTIES)}", "--", *full])
    blocks = output.strip("\n").split("\n\n")
    if len(blocks) != len(full):
        raise HostError(f"systemctl show: {len(blocks)} answers for {len(full)} units")
    return {
        name: Unit(name, dict(line.split("=", 1) for line in block.splitlines() if "=" in line))
        for name, block in zip(full, blocks, strict=True)
    }


def one(name: str) -> Unit:
    """Return one unit."""
    return show([name])[canonical(name)]


def condition(name: str) -> str:
    """Return the words of the condition that was not met.

    They are only in `systemctl status`, and lost when systemd forgot the idle unit; then all conditions of
    the unit are named.
    """
    for line in run(["systemctl", "status", "--no-pager", "--lines=0", "--", name]).out.splitlines():
        if "was not met" in line:
            return line.replace("└─", "").replace("├─", "").replace("was not met", "").strip(" │\t")
    written = [line.strip() for line in run(["systemctl", "cat", "--no-pager", "--", name]).out.splitlines()]
    return " or ".join(line for line in written if line.startswith("Condition")) or "a condition"


def journal(name: str, since: float, lines: int = 15) -> str:
    """Return the end of a unit's journal since a wall clock time, on one line."""
    done = run([
        "journalctl", "--no-pager", "--output=cat", f"--unit={name}", f"--lines={lines}", f"--since=@{since:.0f}",
    ])  # fmt: skip
    said = [line.strip() for line in done.out.splitlines() if line.strip() and not line.startswith("-- ")]
    return " | ".join(said) or "nothing in its journal"


def act(verb: str, name: str, timeout: float) -> Unit:
    """Start, restart or reload a unit and wait until it is up and stays up.

    Returns it with its new properties; one whose condition is not met is returned as it is. Raises
    HostError with the end of its journal if it does not come up within ``timeout`` seconds.
    """
    began = time.time()
    if verb in ("start", "restart"):
        run(["systemctl", "reset-failed", "--", name])  # five failed tries would else forbid this one
    done = run(["systemctl", verb, "--", name], timeout + 30)
    limit = time.monotonic() + timeout
    unit = one(name)
    while unit["ActiveState"] == "activating" and unit["SubState"] != "auto-restart" and time.monotonic() < limit:
        time.sleep(_POLL)
        unit = one(name)
    if unit.up and not unit.passing and name.endswith(".service"):
        time.sleep(_SETTLE)
        unit = one(name)
    if (unit.up and done.rc == 0) or (unit.condition_failed and unit["ActiveState"] == "inactive"):
        return unit
    state = f"{unit['ActiveState']} ({unit['SubState']})"
    said = done.tail(2) if done.rc else f"systemctl {verb} reported success"
    raise HostError(f"{name}: {verb} failed, it is {state}: {said}; journal: {journal(name, began)}")


def daemon_reload() -> None:
    """Let systemd read unit files again."""
    must(["systemctl", "daemon-reload"], timeout=90)
