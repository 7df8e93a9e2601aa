"""Progress of long steps on standard error, with elapsed time."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_started = time.monotonic()


def say(text: str) -> None:
    """Write one line, led by the seconds since the command began."""
    elapsed = int(time.monotonic() - _started)
    sys.stderr.write(f"[{elapsed // 60:02d}:{elapsed % 60:02d}] {text}\n")
    sys.stderr.flush()


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step and, when it went well, how long it took."""
    say(f"{title} …")
    begun = time.monotonic()
    yield
    say(f"{title}: done in {time.monotonic() - begun:.1f} s")
