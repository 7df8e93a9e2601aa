"""Stopping a lab so that nothing of it stays: it goes by what is there, not by what is declared."""

import contextlib
import os
import time
from pathlib import Path

from shoko.lab.cgroups import TOP, HostGroup, remove_lab, unified_root
from shoko.lab.machine import clean_traces, stop_signal
from shoko.lab.settings import state_root
from shoko.lab.virtual import POWEROFF_SECONDS, answers, press_power
from shoko.lab.wires import forget_namespaces, namespaces, remove_namespace

_POWEROFF_WAIT = 10.0  # seconds for clean shutdowns before the control groups are killed


def running_groups(lab: str) -> list[HostGroup]:
    """Return the control groups that a lab has on this machine."""
    folder = unified_root() / TOP / lab
    if not folder.is_dir():
        return []
    return [HostGroup(lab, entry.name) for entry in sorted(folder.iterdir()) if entry.is_dir()]


def stop_all(lab: str) -> int:
    """Stop every process of a lab, cleanly where possible; remove its namespaces; return how many hosts ran."""
    groups = running_groups(lab)
    leaders = [leader for group in groups if (leader := group.leader()) is not None]
    for group in groups:
        group.thaw()
    sockets = [path for path in (state_root() / lab / "hosts").glob("*/qmp") if path.is_socket()]
    for socket in sockets:
        press_power(socket)
    for leader in leaders:
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader, stop_signal())
    give_up = time.monotonic() + _POWEROFF_WAIT
    while any(Path(f"/proc/{leader}").exists() for leader in leaders) and time.monotonic() < give_up:
        time.sleep(0.05)
    give_up = time.monotonic() + POWEROFF_SECONDS
    while any(answers(socket) for socket in sockets) and time.monotonic() < give_up:
        time.sleep(0.2)
    for group in groups:
        group.kill()
        group.remove()
    remove_lab(lab)
    for name in namespaces(f"sk{lab}-"):
        remove_namespace(name)
        clean_traces(name)
    forget_namespaces()
    for socket in sockets:
        socket.unlink(missing_ok=True)
    return len(leaders) + len(sockets)
