"""Labs of this machine besides ours, and those whose checkout is gone."""

import shutil
from pathlib import Path

from shoko.lab.settings import read_record, state_root
from shoko.lab.teardown import stop_all


def abandoned() -> list[Path]:
    """Return the `lab.json` of every lab whose checkout no longer exists."""
    found = []
    for path in sorted(state_root().glob("*/lab.json")):
        record = read_record(path)
        if record is not None and not record.checkout.is_dir():
            found.append(path)
    return found


def remove(state: Path) -> None:
    """Stop a lab and remove everything that it kept."""
    stop_all(state.name)
    shutil.rmtree(state)


def other_labs(ident: str) -> list[str]:
    """Return the ids of the other labs that have disks on this machine, and so need the images."""
    return sorted(path.parent.name for path in state_root().glob("*/hosts") if path.parent.name != ident)
