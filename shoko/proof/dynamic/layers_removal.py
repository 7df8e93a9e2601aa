"""Takes layers of the running lab away for some seconds, and puts them back; by commands inside its hosts.

What is put back needs no memory of what was taken: every change carries a mark (`MARK`) by which it is found and
undone, so that a guard of its own (layers_guard) can do it after kill -9, and the next run before it begins. Opened
rulesets besides close by themselves: what lets everything pass is a set whose elements expire after `OPEN_SECONDS`.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from shoko.bootstrap.switch import BRIDGE
from shoko.lab.errors import LabError
from shoko.lab.session import machine
from shoko.lab.settings import LabSettings
from shoko.proof.errors import ProofError

MARK = "layer-removed"
OPEN_SECONDS = 60
_SET = "layer_removed"
_TABLE = 990  # the first of the routing tables used here; shoko's own begin at 101
_PREFERENCE = 90  # before shoko's own routing rules, which begin at 101
_ROOM = 20  # routing tables that may be in use

_PUT_BACK = f"""
if nft list table inet shoko >/dev/null 2>&1; then
  for chain in spoof input forward output; do
    nft -a list chain inet shoko $chain | sed -n 's/.*comment "{MARK}" # handle //p' | while read -r handle; do
      nft delete rule inet shoko $chain handle "$handle"
    done
  done
  nft delete set inet shoko {_SET} 2>/dev/null || true
fi
for family in -4 -6; do
  while ip $family rule del pref {_PREFERENCE} 2>/dev/null; do :; done
  for table in $(seq {_TABLE} {_TABLE + _ROOM - 1}); do ip $family route flush table $table 2>/dev/null || true; done
done
if command -v ovs-vsctl >/dev/null && ovs-vsctl br-exists {BRIDGE}; then
  for port in $(ovs-vsctl list-ports {BRIDGE}); do
    tag=$(ovs-vsctl --if-exists get port "$port" external_ids:{MARK} | tr -d '"')
    if [ -n "$tag" ]; then
      ovs-vsctl set port "$port" tag="$tag" -- remove port "$port" external_ids {MARK}
    fi
  done
fi
if grep -qs '^# {MARK}$' /etc/squid/squid.conf; then
  sed -i '/^# {MARK}$/,+1d' /etc/squid/squid.conf
  systemctl reload squid.service
fi
"""
# What the digest is made of: rules without their counters, routes, the switch's VLANs, the proxy's file.
_LISTING = f"""
nft -s list ruleset 2>/dev/null
for family in -4 -6; do ip $family rule; ip $family route show table all; done
if command -v ovs-vsctl >/dev/null && ovs-vsctl br-exists {BRIDGE}; then
  ovs-vsctl --columns=name,tag,trunks,external_ids list port
fi
cat /etc/squid/squid.conf 2>/dev/null
true
"""


def put_back(settings: LabSettings, hosts: Iterable[str]) -> list[str]:
    """Undo everything that bears the mark; return a line for every host where that failed."""
    return [f"{host}: {said}" for host, (code, said) in _everywhere(settings, dict.fromkeys(hosts, _PUT_BACK)) if code]


def digests(settings: LabSettings, hosts: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of what each host enforces: ruleset, routes, VLANs, proxy."""
    answers = _everywhere(settings, dict.fromkeys(hosts, _LISTING))
    return {host: hashlib.sha256(said.encode()).hexdigest() for host, (_code, said) in answers}


def change(settings: LabSettings, scripts: Mapping[str, str]) -> None:
    """Run a script in every host that has one; ProofError if one fails."""
    for host, (code, said) in _everywhere(settings, scripts):
        if code:
            raise ProofError(f"{host}: a layer could not be taken away: {' '.join(said.split())[:300]}")


def opened(chains: Iterable[str]) -> str:
    """Return the script that lets every TCP and UDP packet through the named chains, for a time."""
    rules = "\n".join(
        f'insert rule inet shoko {chain} meta l4proto @{_SET} counter accept comment "{MARK}"' for chain in chains
    )
    return f"""
nft -f - <<'END'
add set inet shoko {_SET} {{ type inet_proto; flags timeout; }}
add element inet shoko {_SET} {{ tcp timeout {OPEN_SECONDS}s, udp timeout {OPEN_SECONDS}s }}
{rules}
END
"""


def routed(ways: Iterable[tuple[str | None, str, str, str | None]]) -> str:
    """Return the script that gives routes: (source or None for whoever, destination, interface, next hop or None)."""
    lines: dict[str, list[str]] = {"-4": [], "-6": []}
    tables: dict[tuple[str, str | None, str], int] = {}
    for source, destination, interface, hop in ways:
        family = "-6" if ":" in destination else "-4"
        # On the link itself every destination has a route of its own.
        table = tables.setdefault((interface, hop, family), _TABLE + len(tables))
        if table >= _TABLE + _ROOM:
            raise ProofError(f"more than {_ROOM} routing tables would be needed on one host")
        target = "default" if hop else destination
        lines[family].append(f"route replace {target} {f'via {hop}' if hop else ''} dev {interface} table {table}")
        whose = f"from {source} " if source else ""
        lines[family].append(f"rule add pref {_PREFERENCE} {whose}to {destination} lookup {table}")
    return "\n".join(
        f"ip {family} -batch - <<'END'\n" + "\n".join(content) + "\nEND" for family, content in lines.items() if content
    )


def retagged(ports: Mapping[str, tuple[int, int]]) -> str:
    """Return the script that puts ports of the switch into another VLAN: (as it is, as it is to be)."""
    return "ovs-vsctl " + " -- ".join(
        f"set port {port} tag={there} external_ids:{MARK}={here}" for port, (here, there) in ports.items()
    )


def without_allowlist() -> str:
    """Return the script that has a forward proxy let everybody reach everything."""
    return f"""
sed -i '1i # {MARK}\\nhttp_access allow all' /etc/squid/squid.conf
systemctl reload squid.service
"""


def _everywhere(settings: LabSettings, scripts: Mapping[str, str]) -> list[tuple[str, tuple[int, str]]]:
    def one(host: str) -> tuple[int, str]:
        try:
            command = machine(settings, host).entry(["sh", "-ec", scripts[host]])
        except LabError as problem:
            return 1, str(problem)
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr

    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(zip(scripts, pool.map(one, scripts), strict=True))
