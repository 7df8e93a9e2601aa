"""What a lab leaves on a machine, counted from outside of it."""

import json
import subprocess
from pathlib import Path


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def root_network() -> tuple[frozenset[str], frozenset[str]]:
    """Return (interfaces, addresses) of the machine's own namespace."""
    rows = json.loads(_output("ip", "-j", "address", "show"))
    addresses = {entry["local"] for row in rows for entry in row["addr_info"]}
    return frozenset(row["ifname"] for row in rows), frozenset(addresses)


def processes(word: str) -> set[int]:
    """Return the pids of processes whose command line or control group holds `word`.

    One that is dead and only waits for its parent to ask (state Z) is none.
    """
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "stat").read_text().rpartition(") ")[2].startswith("Z"):
                continue
            text = (process / "cmdline").read_text() + (process / "cgroup").read_text()
        except OSError:
            continue
        if word in text:
            found.add(int(process.name))
    return found


def traces(ident: str) -> dict[str, set[str]]:
    """Return everything of a lab on this machine outside its own folder, by kind."""
    names = f"sk{ident}-"
    cgroups = {str(path) for path in Path("/sys/fs/cgroup").glob(f"**/lab/{ident}")}
    mounts = {line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines() if names in line}
    runtime = {str(path) for path in Path("/run/systemd/nspawn").glob(f"**/*{names}*")}
    running = {str(pid) for pid in processes(names) | processes(f"/lab/{ident}/")}
    return {
        "namespaces": {line.split()[0] for line in _output("ip", "netns", "list").splitlines() if names in line},
        "control groups": cgroups,
        "mounts": mounts,
        "processes": running,
        "runtime folders": runtime,
    }
