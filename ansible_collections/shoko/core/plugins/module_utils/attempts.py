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
from ansible_collections.shoko.core.plugins.module_utils.state import STATE_DIR, locked_file, read_json, write_json

OPTIONS: dict = {"attempt": {"type": "str"}}  # set by the action plugin
_PATIENCE = 900.0  # seconds that another task's work is waited for
_PAUSE = 0.1


def once(module: Any, work: Callable[[], dict], state_dir: str = STATE_DIR) -> dict:
    """Return what ``work`` returns, or what it returned to the attempt that ``module`` (an AnsibleModule) names.

    An answer that is given again says so (``sent_twice``): the run's page tells where connections broke. It has no
    ``diff``, whose text would lie on the disk. Work that fails leaves no answer: who comes again tries again. In check
    mode nothing is kept.
    """
    attempt = module.params.get("attempt")
    if module.check_mode or not attempt:
        return work()
    folder = os.path.join(state_dir, "attempts")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, "answer.json")
    with locked_file(os.path.join(folder, "lock")) as lock:
        _await(lock, attempt)
        with contextlib.suppress(HostError, AttributeError, KeyError, TypeError):  # a damaged answer answers nothing
            kept = read_json(path, {})
            if kept.get("attempt") == attempt:
                return kept["answer"] | {"sent_twice": True}
        answer = work()
        if answer["changed"]:
            told = {key: value for key, value in answer.items() if key != "diff"}
            with contextlib.suppress(OSError):  # the work is done, and its answer on the way
                write_json(path, {"attempt": attempt, "answer": told})
        return answer


def _await(lock: IO[str], attempt: str) -> None:
    """Take the lock, however long this attempt's own work takes; HostError when another's takes too long."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError as error:
            lock.seek(0)
            holder, _, process = lock.read().partition(" ")
            if time.monotonic() > end and holder != attempt:
                raise HostError(
                    f"another task (process {process or '?'}) has been at work on this host for {_PATIENCE:.0f} s; "
                    "wait for it or end it, and run again"
                ) from error
            time.sleep(_PAUSE)
    lock.seek(0)
    lock.truncate()
    lock.write(f"{attempt} {os.getpid()}")
    lock.flush()
