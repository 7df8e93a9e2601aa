"""Kernel limits that thirty systems on one machine need, raised and said."""

from pathlib import Path

from shoko.lab.progress import say

# Defaults fail at about the 22nd host, with misleading messages (inotify instances above all).
LIMITS = {
    "fs.inotify.max_user_instances": 8192,
    "fs.inotify.max_user_watches": 1048576,
    "kernel.keys.maxkeys": 20000,
    "kernel.keys.maxbytes": 2000000,
}


def raise_limits(root: Path = Path("/proc/sys")) -> list[str]:
    """Raise every limit that is too low; return and say what was changed ("name: old -> new")."""
    changed = []
    for name, wanted in LIMITS.items():
        path = root / name.replace(".", "/")
        present = int(path.read_text())
        if present < wanted:
            path.write_text(str(wanted))
            changed.append(f"{name}: {present} -> {wanted}")
    if changed:
        say("kernel limits raised: " + ", ".join(changed))
    return changed
