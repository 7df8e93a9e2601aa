"""What a run is made of, as one word: `python -m shoko.integrity.inputs` prints it.

The same commit with the same uncommitted changes brings hosts to the same files, so a second run of it needs no look at
their files: what differs afterwards nobody has declared. Outside of git nothing is printed: every run is another one.
"""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def _said(*command: str) -> bytes:
    return subprocess.run(["git", *command], cwd=CHECKOUT, capture_output=True, check=True).stdout


def inputs() -> str:
    """Return a digest over the commit, what differs from it, and what git does not know; "" where there is no git."""
    try:
        found = hashlib.sha256(_said("rev-parse", "HEAD") + _said("diff", "HEAD", "--binary"))
        for name in sorted(filter(None, _said("ls-files", "-z", "--others", "--exclude-standard").split(b"\0"))):
            path = CHECKOUT / name.decode(errors="surrogateescape")
            if path.is_file():
                found.update(name + b"\0" + path.read_bytes())
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.hexdigest()[:16]


if __name__ == "__main__":
    print(inputs())
