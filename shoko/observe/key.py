"""The key of the principal `observe`: `python -m shoko.observe.key DIRECTORY` prints its public half.

It is made once for a site and kept outside git, beside what else the site keeps secret. Day 0 needs none: it is a key
for looking, and comes to the hosts with role `observation`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from shoko.bootstrap.keys import ensure_pair
from shoko.errors import ShokoError

NAME = "observer"


def main() -> int:
    """Make the pair where there is none; 1 with one line on stderr where that is not possible."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    directory: Path = parser.parse_args().directory
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        print(ensure_pair(directory / NAME, f"shoko-{NAME}").public)
    except (ShokoError, OSError) as problem:
        print(f"key of the principal observe: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
