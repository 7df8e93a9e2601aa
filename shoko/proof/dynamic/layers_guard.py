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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from shoko.lab.locking import locked
from shoko.lab.settings import LabSettings, settings_for
from shoko.proof.dynamic.layers_removal import put_back
from shoko.proof.errors import ProofError

LONGEST = 900.0  # seconds


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
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({"site": str(settings.site), "hosts": list(hosts)}) + "\n")
        process.stdin.flush()
        if process.stdout.readline().strip() != "ready":
            raise ProofError("what a former run took away could not be put back; see above")
        yield
    finally:
        process.stdin.close()
        code = process.wait()
        process.stdout.close()
    if code:
        raise ProofError("not everything could be put back; see above, and run the command again")


def main() -> int:
    """Wait for the end of standard input, then put everything back."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    told = json.loads(sys.stdin.readline())
    settings = settings_for(Path(told["site"]))
    with locked(settings.state / "probing.lock", "proving this lab by packets"):
        problems = put_back(settings, told["hosts"])
        if not problems:
            print("ready", flush=True)
            select.select([sys.stdin], [], [], LONGEST)
            problems = put_back(settings, told["hosts"])
    for problem in problems:
        sys.stderr.write(f"putting layers back: {problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
