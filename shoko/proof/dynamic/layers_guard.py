"""Puts layers back when the command that took them away ends, in whatever way: a process of its own behind a pipe.

Only the command holds the other end of the pipe, so that its end is noticed also after kill -9. The guard heeds no
signal of the terminal, belongs to no group that is stopped with the command, and waits for `LONGEST` at most.
"""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from shoko.lab.locking import locked
from shoko.lab.settings import LabSettings, settings_for
from shoko.proof.dynamic.layers_removal import put_back
from shoko.proof.errors import ProofError

LONGEST = 900.0  # seconds
_AFTER_ALL = 3.0  # seconds
_DONE = "done\n"


@contextmanager
def guarded(settings: LabSettings, hosts: Sequence[str]) -> Iterator[None]:
    """Have everything put back at the end; what a former run left is put back before."""
    process = subprocess.Popen(
        [sys.executable, "-m", "shoko.proof.dynamic.layers_guard"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    to, back = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
    try:
        to.write(json.dumps({"site": str(settings.site), "hosts": list(hosts)}) + "\n")
        to.flush()
        if back.readline().strip() != "ready":
            raise ProofError("what a former run took away could not be put back; see above")
        yield
        to.write(_DONE)
    finally:
        to.close()
        code = process.wait()
        back.close()
    if code:
        raise ProofError("not everything could be put back; see above, and run the command again")


def main() -> int:
    """Wait for the end of standard input, then put everything back."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    told = json.loads(sys.stdin.readline())
    settings = settings_for(Path(told["site"]))
    with locked(settings.state / "probing.lock", "proving this lab by packets"):
        _, problems = put_back(settings, told["hosts"])
        if not problems:
            print("ready", flush=True)
            select.select([sys.stdin], [], [], LONGEST)
            _, problems = put_back(settings, told["hosts"])
            if sys.stdin.readline() != _DONE:
                # It was killed: what it had just begun inside a host comes to its end without it.
                time.sleep(_AFTER_ALL)
                _, problems = put_back(settings, told["hosts"])
    for problem in problems:
        sys.stderr.write(f"putting layers back: {problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
