"""What scanners say of the converged lab's hosts: systemd's analyser, ssh-audit, OpenSSL, MDN's Observatory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from converged import CHECKOUT, Converged
from endpoints import Endpoint
from segments.site import Site

from shoko.hardening.observatory import Answer
from shoko.hardening.sandbox import sandboxes
from shoko.hardening.waivers import waivers

RESULTS = CHECKOUT / "results"
ROOT = "/run/shoko-root.pem"  # the site's root, in the host that looks
UNIT = re.compile(r"/([A-Za-z0-9@:_.\\-]+)\.service")


def keep(name: str, text: str) -> None:
    """Keep what a scanner said, for a person; `make audit` shows where."""
    path = RESULTS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def exposures(converged: Converged, host: str, units: Iterable[str]) -> dict[str, float]:
    """`systemd-analyze security` of services of a host, by name without `.service`."""
    said = converged.said(host, "systemd-analyze", "security", "--no-pager", *(f"{unit}.service" for unit in units))
    keep(f"systemd-analyze/{host}.txt", said)
    return {unit: float(found) for unit, found in re.findall(r"level for (\S+)\.service: ([0-9.]+) ", said)}


def own_units(converged: Converged, host: str) -> set[str]:
    """Services whose unit file lies in /etc/systemd/system: made by Shoko, not by a package."""
    command = "find /etc/systemd/system -maxdepth 1 -type f -name '*.service' -printf '%f\\n'"
    return {name.removesuffix(".service") for name in converged.said(host, "sh", "-c", command).split()}


def listening_units(converged: Converged, host: str) -> dict[str, set[str]]:
    """Services with an open TCP, a bound UDP port, a raw or a packet socket: unit → `tcp/22`, `raw/112` …

    Sockets of the kernel have no unit.
    """
    lines = converged.said(host, "ss", "-Hlntuw0p").splitlines()
    processes = sorted(set(re.findall(r"pid=(\d+)", "\n".join(lines))))
    told = converged.said(host, "grep", "-H", ":", *(f"/proc/{process}/cgroup" for process in processes))
    units = {}
    for path, group in re.findall(r"^/proc/(\d+)/cgroup:(.*)$", told, re.MULTILINE):
        if named := UNIT.findall(group):
            units[path] = named[-1]
    found: dict[str, set[str]] = {}
    for line in lines:
        words = line.split()
        for process in re.findall(r"pid=(\d+)", line):
            port = f"{words[0]}/{words[4].rsplit(':', 1)[1]}"
            found.setdefault(units.get(process, f"process {process}"), set()).add(port)
    return found


def confined(converged: Converged, host: str) -> dict[str, bool]:
    """The declared services that this host runs or may start: whether the drop-in is in force (or none is wanted)."""
    names = [f"{unit}.service" for unit in sandboxes()]
    blocks = converged.said(host, "systemctl", "show", "-p", "Id,LoadState,UnitFileState,DropInPaths", *names).split(
        "\n\n"
    )
    found = {}
    for block in blocks:
        said = dict(line.split("=", 1) for line in block.splitlines())
        if said["LoadState"] == "loaded" and said["UnitFileState"] != "disabled":
            unit = said["Id"].removesuffix(".service")
            found[unit] = "/sandbox.conf" in said["DropInPaths"] or sandboxes()[unit].role is None
    return found


# For each unit that runs: what systemd would give it now, and what its process has. A job at its work is no daemon that
# may be older than its sandbox, and ends while it is looked at.
HELD = """
for unit in "$@"; do
    [ "$(systemctl show -p ActiveState --value $unit)" = active ] || continue
    process=$(systemctl show -p MainPID --value $unit)
    [ "$process" -gt 0 ] || continue
    echo "unit $unit"
    systemctl show -p NoNewPrivileges,SystemCallFilter,CapabilityBoundingSet $unit
    grep -E '^(NoNewPrivs|Seccomp|CapBnd):' /proc/$process/status
done
systemd-analyze capability | sed 's/^/capability /'
"""


def let_loose(converged: Converged, host: str, units: Iterable[str]) -> list[str]:
    """What running services of a host may do and their units forbid: a daemon older than its sandbox is not in it."""
    said = converged.said(host, "sh", "-c", HELD, "sh", *(f"{unit}.service" for unit in units))
    numbers = dict(re.findall(r"^capability (cap_\w+)\s+(\d+)$", said, re.MULTILINE))
    assert numbers, said
    wrong = []
    running = said.split("unit ")[1:]
    assert running, f"{host}: none of {sorted(units)} runs"
    for block in running:
        name, *lines = block.splitlines()
        told = dict(re.findall(r"^(\w+)[=:][ \t]*(.*)$", "\n".join(lines), re.MULTILINE))
        allowed = sum(1 << int(numbers[each]) for each in told["CapabilityBoundingSet"].split())
        if told["NoNewPrivileges"] == "yes" and told["NoNewPrivs"] != "1":
            wrong.append(f"{host}: {name}: may get new privileges")
        if told["SystemCallFilter"] and told["Seccomp"] != "2":
            wrong.append(f"{host}: {name}: calls are not filtered")
        if int(told["CapBnd"], 16) & ~allowed:
            wrong.append(f"{host}: {name}: has capabilities {told['CapBnd']}")
    return wrong


def ssh_audit(site: Site, host: str, address: str) -> list[str]:
    """What ssh-audit calls a failure or a warning of a host's SSH, as the control node sees it."""
    waived = [f"--{option}" for option in waivers("ssh_audit")]
    command = [str(Path(sys.executable).parent / "ssh-audit"), *waived, "-j", "-t", "60", address]
    done = subprocess.run([*site.network("ctl1"), *command], capture_output=True, text=True, check=False, timeout=600)
    keep(f"ssh-audit/{host}.json", done.stdout)
    said = json.loads(done.stdout)
    return [
        f"{kind} {one['algorithm']}: {level}: {', '.join(words)}"
        for kind in ("kex", "key", "enc", "mac")
        for one in said[kind]
        for level, words in one.get("notes", {}).items()
        if level in ("fail", "warn")
    ]


def hello(converged: Converged, endpoint: Endpoint, *options: str) -> str:
    """What OpenSSL says of a handshake that it was made to try; empty if there is none."""
    starttls = ["-starttls", endpoint.starttls] if endpoint.starttls else []
    command = ["openssl", "s_client", "-connect", endpoint.at, "-servername", endpoint.server_name, "-brief", *starttls]
    done = converged.inside(endpoint.looker, "timeout", "20", *command, *options)
    return done.stdout + done.stderr


# A server for one visitor, on this host alone; its key is made and thrown away.
SERVE = """
cd $(mktemp -d)
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -days 1 -subj /CN=localhost 2>/dev/null
openssl s_server -accept 127.0.0.1:4433 -naccept 1 -key key -cert certificate -quiet "$@" >/dev/null 2>&1 &
for attempt in $(seq 50); do
    sleep 0.1
    said=$(openssl s_client -connect 127.0.0.1:4433 -brief "$@" </dev/null 2>&1)
    case $said in *"Protocol version"*) break ;; esac
done
echo "$said"
rm -rf "$PWD"
"""


def hello_to_itself(converged: Converged, host: str, *options: str) -> str:
    """What OpenSSL says in a host of a handshake with itself, both ends with the same options."""
    return converged.said(host, "timeout", "30", "sh", "-c", SERVE, "sh", *options)


def answer(converged: Converged, path: str, name: str, at: str) -> Answer:
    """The WebOPAC's answer to a citizen at home, over a connection whose certificate was verified."""
    root = converged.root_certificate.read_text()
    converged.said("home", "sh", "-c", f"cat > {ROOT} <<'END'\n{root}END")
    said = converged.said(
        "home", "curl", "-sS", "--max-time", "30", "--cacert", ROOT, "--resolve", f"{name}:443:{at}", "-i",
        f"https://{name}{path}",
    )  # fmt: skip
    head, _, body = said.replace("\r\n", "\n").partition("\n\n")
    headers: dict[str, list[str]] = {}
    for line in head.splitlines()[1:]:
        header, _, value = line.partition(":")
        headers.setdefault(header.strip().lower(), []).append(value.strip())
    keep(f"observatory/{path.strip('/').replace('/', '-') or 'first-page'}.txt", head)
    return Answer(headers, body)
