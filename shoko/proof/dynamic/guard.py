"""Nothing is left behind: a process of its own that waits until the prover has ended, however that was, and clears up.

It reads from a pipe that only the prover holds: first what may have to be cleared, as JSON, then lines with further
entries of connection tracking. The end of the pipe is the end of the prover, also after kill -9. While it lives it
holds the lab's lock for proofs by packets, so that the next one begins only on a clean lab.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from shoko.lab.errors import LabError
from shoko.lab.locking import locked
from shoko.lab.machines import machine
from shoko.lab.settings import LabSettings, settings_for
from shoko.lab.wires import namespaces, remove_namespace
from shoko.ports import BRIDGE
from shoko.proof.errors import ProofError

PROBE = "probe"  # of namespaces: the prober's ports, and with more behind it what else it has
PORT = "probe."  # of the switch's ports; no host may be called so, its ports would be taken for these
COOKIE = 0x5368  # of the switch's rules
# Source ports that probes use; above those that Linux gives to its own sockets (ip_local_port_range).
FIRST_PORT, PORTS = 61000, 8


@dataclass(frozen=True)
class Leftovers:
    """What a proof may leave: on which switch, and on which gateways."""

    site: Path
    switch: str
    gateways: tuple[str, ...]


class Guard:
    """The prover's end of it."""

    def __init__(self, leftovers: Leftovers) -> None:
        """Clear what an earlier run left, and stand by; ProofError if that fails."""
        stdin, self._told = os.pipe()
        command = [sys.executable, "-m", "shoko.proof.dynamic.guard"]
        self._process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, start_new_session=True)
        os.close(stdin)
        job = [str(leftovers.site), leftovers.switch, list(leftovers.gateways)]
        self._say(json.dumps(job))
        stdout = self._process.stdout
        try:
            ready = stdout is not None and stdout.readline() == b"ready\n"
        except BaseException:
            self.close()
            raise
        if not ready:
            self.close()
            raise ProofError("what a former proof left could not be cleared; see above")

    def entry(self, gateway: str, conditions: list[str]) -> None:
        """Have entries of connection tracking removed at the end, whatever happens (conntrack(8), -D)."""
        self._say(json.dumps([gateway, conditions]))

    def _say(self, line: str) -> None:
        os.write(self._told, line.encode() + b"\n")

    def close(self) -> bool:
        """Have everything cleared, and wait for it; tell whether that went well."""
        os.close(self._told)
        return self._process.wait() == 0


def clear(settings: LabSettings, job: Leftovers, entries: list[tuple[str, list[str]]]) -> list[str]:
    """Remove ports, switch rules, namespaces and tracked sessions of probes; return what could not be removed."""
    problems = []
    steps = [
        (job.switch, ["sh", "-c", _SWITCH, "sh", BRIDGE, PORT, f"{COOKIE:#x}"]),
        *((gateway, ["sh", "-c", _SESSIONS, "sh", str(FIRST_PORT), str(PORTS)]) for gateway in job.gateways),
        *(
            (gateway, ["sh", "-c", 'conntrack -D "$@" >/dev/null 2>&1 || true', "sh", *rest])
            for gateway, rest in entries
        ),
    ]
    for host, command in steps:
        try:
            done = subprocess.run(machine(settings, host).entry(command), capture_output=True, text=True, check=False)
            if done.returncode != 0:
                problems.append(f"{host}: {' '.join(done.stderr.split())[:200]}")
        except LabError:
            pass  # a host that does not run has nothing left
    for name in namespaces(settings.machine(PROBE)):
        remove_namespace(name)
    return problems


_SWITCH = """
for port in $(ovs-vsctl list-ports "$1"); do
  case "$port" in "$2"*) ovs-vsctl --if-exists del-port "$1" "$port";; esac
done
ovs-ofctl del-flows "$1" "cookie=$3/-1"
"""
# Without a match conntrack exits with an error, which is the usual case.
_SESSIONS = """
port=$1
while [ "$port" -lt $(($1 + $2)) ]; do
  for family in ipv4 ipv6; do
    for protocol in tcp udp; do
      conntrack -D -f "$family" -p "$protocol" --orig-port-src "$port" >/dev/null 2>&1 || true
    done
  done
  port=$((port + 1))
done
"""


def main() -> int:
    """Wait for the end of standard input, then clear."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    site, switch, gateways = json.loads(sys.stdin.readline())
    job = Leftovers(Path(site), switch, tuple(gateways))
    settings = settings_for(job.site)
    with locked(settings.state / "probing.lock", "proving this lab by packets"):
        problems = clear(settings, job, [])
        if not problems:
            print("ready", flush=True)
            problems = clear(settings, job, _lines())
        for problem in problems:
            sys.stderr.write(f"clearing the lab: {problem}\n")
        return 1 if problems else 0


def _lines() -> list[tuple[str, list[str]]]:
    found = []
    for line in sys.stdin:
        try:
            gateway, conditions = json.loads(line)
        except ValueError:
            continue  # a line that its writer did not live to finish
        found.append((gateway, conditions))
    return found


if __name__ == "__main__":
    sys.exit(main())
