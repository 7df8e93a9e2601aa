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
from dataclasses import dataclass

from shoko.lab.errors import LabError
from shoko.lab.machines import machine
from shoko.lab.settings import LabSettings
from shoko.ports import BRIDGE
from shoko.proof.errors import ProofError

MARK = "layer-removed"
OPEN_SECONDS = 60
_SET = "layer_removed"
_TABLE = 990  # the first of the routing tables used here; shoko's own begin at 101
_PREFERENCE = 90  # before shoko's own routing rules, which begin at 101
_PROTOCOL = 199  # "who made this" of routes, rules and neighbours; free in iproute2's rt_protos
_ROOM = 20  # routing tables that may be in use

# First what hurts while it is away: the switch's ports.
PUT_BACK = f"""
if command -v ovs-vsctl >/dev/null && ovs-vsctl br-exists {BRIDGE}; then
  ovs-vsctl --format=csv --no-headings --data=bare --columns=name,external_ids list port |
    sed -n 's/^\\([^,]*\\),.*{MARK}=\\([0-9]*\\).*/\\1 \\2/p' | while read -r port tag; do
      ovs-vsctl set port "$port" tag="$tag" -- remove port "$port" external_ids {MARK}
    done
fi
if nft list table inet shoko >/dev/null 2>&1; then
  nft -a list table inet shoko | awk '
    $1 == "chain" {{ chain = $2 }}
    /comment "{MARK}"/ {{ print "delete rule inet shoko " chain " handle " $NF }}
    $1 == "set" && $2 == "{_SET}" {{ last = "delete set inet shoko {_SET}" }}
    END {{ if (last) print last }}
  ' | nft -f -
fi
for family in -4 -6; do
  ip $family rule flush protocol {_PROTOCOL}
  ip $family route flush table all protocol {_PROTOCOL} 2>/dev/null || true
  ip $family neigh show nud permanent | awk '/ proto {_PROTOCOL}/ {{ print $1, $3 }}' | while read -r address device; do
    ip $family neigh del "$address" dev "$device"
  done
done
if grep -qs '^# {MARK}$' /etc/squid/squid.conf; then
  sed -i '/^# {MARK}$/,+1d' /etc/squid/squid.conf
  systemctl reload squid.service
fi
"""
# What the digest is made of: rules without their counters, routes, the switch's VLANs, the proxy's file.
LISTING = f"""
nft -s list ruleset 2>/dev/null || true
for family in -4 -6; do
  ip $family rule
  ip $family route show table all
  ip $family neigh show nud permanent
done
if command -v ovs-vsctl >/dev/null && ovs-vsctl br-exists {BRIDGE}; then
  ovs-vsctl --columns=name,tag,trunks,external_ids list port
fi
cat /etc/squid/squid.conf 2>/dev/null || true
"""


def put_back(settings: LabSettings, hosts: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Undo everything that bears the mark.

    Return the SHA-256 of what each host enforces now (ruleset, routes, VLANs, proxy), and a line for every host where
    undoing failed.
    """
    answers = _everywhere(settings, dict.fromkeys(hosts, PUT_BACK + LISTING))
    problems = [f"{host}: {' '.join(said.split())[-300:]}" for host, (code, said) in answers if code]
    return {host: hashlib.sha256(said.encode()).hexdigest() for host, (code, said) in answers if not code}, problems


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


@dataclass(frozen=True)
class Way:
    """A route to be given: of packets from a source (None: whoever's) to a destination, out by an interface.

    Either by a next hop, or straight to the hardware address `at` on the link.
    """

    source: str | None
    destination: str
    interface: str
    hop: str | None = None
    at: str | None = None

    @property
    def family(self) -> str:
        """The option of ip(8)."""
        return "-6" if ":" in self.destination else "-4"


def routed(ways: Iterable[Way]) -> str:
    """Return the script that gives routes; a neighbour that it fixes is gone with `PUT_BACK` as well."""
    lines: dict[str, list[str]] = {"-4": [], "-6": []}
    tables: dict[tuple[str, str, str | None], int] = {}
    for way in ways:
        table = tables.setdefault((way.family, way.interface, way.hop), _TABLE + len(tables))
        if table >= _TABLE + _ROOM:
            raise ProofError(f"more than {_ROOM} routing tables would be needed on one host")
        target, by = ("default", f"via {way.hop} ") if way.hop else (way.destination, "")
        whose = f"from {way.source} " if way.source else ""
        lines[way.family] += [
            f"route replace {target} {by}dev {way.interface} table {table} protocol {_PROTOCOL}",
            f"rule add pref {_PREFERENCE} {whose}to {way.destination} lookup {table} protocol {_PROTOCOL}",
        ]
        if way.at:
            fixed = f"{way.destination} lladdr {way.at} dev {way.interface}"
            lines[way.family].append(f"neigh replace {fixed} nud permanent protocol {_PROTOCOL}")
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
