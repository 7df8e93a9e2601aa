#!/usr/bin/python3 -I
"""Runs on a host as root, changes nothing, and prints what the host enforces and runs, as one JSON object.

Standard library only: it is handed to hosts as they are, by standard input or as an installed file (role `observation`:
the one command of the principal `observe`). A part that could not be read is absent, and `errors` says why: whoever
reads this must not take a part that is missing for an empty one.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FORMAT = 2
_NFT = ("nft", "-j", "list", "ruleset")
_FINGERPRINT = "/usr/local/sbin/shoko-fingerprint"
_SOCKETS = ("ss", "-H", "-l", "-n", "-t", "-u", "-p")
_COLUMNS = "_uuid,name,tag,trunks,vlan_mode,interfaces"
_PROCESS = re.compile(r'"([^"]+)",pid=')
# What filters or carries packets past nftables: legacy tables, IPVS.
_LEGACY = ("ip_tables_names", "ip6_tables_names", "arp_tables_names")
_SYSCTLS = {
    "forwarding4": "net/ipv4/ip_forward",
    "forwarding6": "net/ipv6/conf/all/forwarding",
    "helper": "net/netfilter/nf_conntrack_helper",
}


def said(*command: str) -> str:
    """The output of a command that has to succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    return done.stdout


def of_json(*command: str) -> Any:
    """The output of a command that prints JSON; some print nothing where there is nothing."""
    return json.loads(said(*command) or "[]")


def content(path: str) -> str | None:
    """The text of a file, None where there is none."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def routes() -> dict[str, Any]:
    """Routes of all tables and both families, and the rules that choose between tables."""
    return {
        family: {
            "routes": of_json("ip", "-j", flag, "route", "show", "table", "all"),
            "rules": of_json("ip", "-j", flag, "rule", "show"),
        }
        for family, flag in (("4", "-4"), ("6", "-6"))
    }


def listeners() -> list[list[Any]]:
    """Sockets that wait for others: [protocol, address, port, interface or "", processes]."""
    found: list[list[Any]] = []
    for line in said(*_SOCKETS).splitlines():
        words = line.split()
        address, _, port = words[4].rpartition(":")
        address, _, interface = address.strip("[]").partition("%")
        processes = sorted(set(_PROCESS.findall(line)))
        found.append([words[0], address.strip("[]"), int(port), interface.strip("]"), processes])
    return sorted(found)


def sysctls() -> dict[str, int | None]:
    """Values that decide who forwards and what conntrack expects; null where this kernel has no such setting."""
    found: dict[str, int | None] = {}
    for name, path in _SYSCTLS.items():
        text = content(f"/proc/sys/{path}")
        found[name] = None if text is None else int(text)
    return found


def modules() -> list[str]:
    """Kernel modules that follow protocols inside packets, or balance them away."""
    names = [line.split()[0] for line in (content("/proc/modules") or "").splitlines()]
    return sorted(name for name in names if re.fullmatch(r"nf_(conntrack|nat)_[a-z0-9_]+|ip_vs(_.*)?", name))


def legacy() -> list[str]:
    """Tables of the old iptables, which no listing of nft shows."""
    names = [f"{file}:{name}" for file in _LEGACY for name in (content(f"/proc/net/{file}") or "").split()]
    services = (content("/proc/net/ip_vs") or "").splitlines()[3:]
    return names + (["ip_vs"] if services else [])


def classifiers() -> list[str]:
    """Interfaces whose packets are classified before netfilter sees them (tc ingress and clsact)."""
    return sorted({one["dev"] for one in of_json("tc", "-j", "qdisc", "show") if one["kind"] in ("ingress", "clsact")})


def proxying() -> list[str]:
    """Where the host answers for addresses that are not its own: by a setting of an interface, or for single ones."""
    set_on = [
        f"{setting} of {folder.name}"
        for family, setting in (("ipv4", "proxy_arp"), ("ipv4", "proxy_arp_pvlan"), ("ipv6", "proxy_ndp"))
        for folder in sorted(Path(f"/proc/sys/net/{family}/conf").glob("*"))
        if (content(f"{folder}/{setting}") or "0").strip() != "0"
    ]
    single = [f"{one['dst']} on {one['dev']}" for one in of_json("ip", "-j", "neigh", "show", "proxy")]
    return set_on + sorted(single)


def switch() -> dict[str, Any] | None:
    """Open vSwitch: its tables as ovs-vsctl prints them, and the flows of each bridge; None where there is none."""
    if not Path("/usr/bin/ovs-vsctl").exists():
        return None
    asked = ("ovs-vsctl", "--timeout=10", "--format=json")
    bridges = of_json(*asked, "--columns=name,ports,controller,mirrors", "list", "Bridge")
    names = [row[bridges["headings"].index("name")] for row in bridges["data"]]
    return {
        "bridges": bridges,
        "ports": of_json(*asked, f"--columns={_COLUMNS}", "list", "Port"),
        "flows": {name: flows(name) for name in names},
    }


def flows(bridge: str) -> list[str]:
    """OpenFlow rules of a bridge without their counters; an untouched bridge has one: NORMAL."""
    lines = said("ovs-ofctl", "--no-stats", "--no-names", "dump-flows", bridge).splitlines()
    return sorted(line.strip() for line in lines)


PARTS: dict[str, Callable[[], Any]] = {
    "ruleset": lambda: of_json(*_NFT),
    "addresses": lambda: of_json("ip", "-j", "-d", "address", "show"),
    "routing": routes,
    "listeners": listeners,
    "sysctls": sysctls,
    "modules": modules,
    "legacy": legacy,
    "classifiers": classifiers,
    "proxying": proxying,
    "switch": switch,
    "proxy": lambda: content("/etc/squid/squid.conf"),
}


def observed() -> dict[str, Any]:
    """Every part that can be read."""
    page: dict[str, Any] = {"format": FORMAT, "kernel": os.uname().release}
    errors: dict[str, str] = {}
    for name, read in PARTS.items():
        try:
            page[name] = read()
        except (OSError, ValueError, LookupError, TypeError) as problem:
            errors[name] = str(problem) or repr(problem)
    return {**page, "errors": errors}


def fingerprint(nonce: str) -> dict[str, Any]:
    """The fingerprint of the host's files (role `integrity`), with the word of the request: no older answer has it."""
    page: dict[str, Any] = {"format": FORMAT, "nonce": nonce}
    try:
        return {**page, "files": said(_FINGERPRINT)}
    except OSError as problem:
        return {**page, "error": str(problem)}


def main(arguments: list[str]) -> int:
    """Print one page; with `--each-line` one for every line that comes in, until the other side ends.

    The line `files NONCE` brings the fingerprint of the host's files instead.
    """
    if arguments not in ([], ["--each-line"]):
        print("usage: observer.py [--each-line]", file=sys.stderr)
        return 2
    for line in sys.stdin if arguments else ["once"]:
        word, _, nonce = line.strip().partition(" ")
        page = fingerprint(nonce) if word == "files" else observed()
        print(json.dumps(page, separators=(",", ":")), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
