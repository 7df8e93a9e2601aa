"""An attempt at a task is carried out once, however often it arrives.

ssh's connection can break when a host has done its work and before the answer is through. Ansible sends the same task
again then (``retries`` in ansible.cfg), and would be told that nothing is to do: the run's record would lack what the
host changed, and handlers would not be notified. So each attempt has a name, and the host keeps the answer to the last
one that changed something. Who comes again while the first is still at work waits for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable
from typing import IO, Any

from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.state import read_json, write_json

OPTIONS: dict = {"attempt": {"type": "str"}}  # set by the action plugin
_PATIENCE = 900.0  # seconds for whoever is at work, longer than any of our tasks takes
_PAUSE = 0.1


def once(module: Any, state_dir: str, work: Callable[[], dict]) -> dict:
    """Return what ``work`` returns, or what it returned to the attempt that ``module`` (an AnsibleModule) names.

    An answer that is given again says so (``sent_twice``): the run's page tells where connections broke. Work that
    fails leaves no answer: who comes again tries again. In check mode nothing is kept.
    """
    attempt = module.params.get("attempt")
    if module.check_mode or not attempt:
        return work()
    folder = os.path.join(state_dir, "attempts")
    os.makedirs(folder, mode=0o755, exist_ok=True)
    path = os.path.join(folder, "answer.json")
    with open(os.path.join(folder, "lock"), "w", encoding="utf-8") as lock:
        _await(lock)
        with contextlib.suppress(HostError):  # a damaged answer answers nothing
            kept = read_json(path, {})
            if kept.get("attempt") == attempt:
                return kept["answer"] | {"sent_twice": True}
        answer = work()
        if answer["changed"]:
            write_json(path, {"attempt": attempt, "answer": answer})
        return answer


def _await(lock: IO[str]) -> None:
    """Take the lock, or raise HostError when somebody else keeps it for too long."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise HostError(
                    f"{lock.name}: another task has been at work on this host for {_PATIENCE:.0f} s; "
                    "see which (ps -ef), and run again"
                ) from error
            time.sleep(_PAUSE)
