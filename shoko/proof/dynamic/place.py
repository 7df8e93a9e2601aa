"""The running lab that a dynamic proof works on. Nothing else can be reached from here: hosts are its namespaces."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from shoko.declaration.model import Declaration
from shoko.lab.run import run
from shoko.lab.settings import LabSettings, read_record, settings_for
from shoko.lab.wires import NETNS, interfaces, namespaces
from shoko.proof.errors import ProofError


@dataclass(frozen=True)
class Place:
    """A site whose hosts this machine's lab has made; `running` are those that are there, outside parties too."""

    settings: LabSettings
    declaration: Declaration
    running: tuple[str, ...]

    @property
    def missing(self) -> list[str]:
        """Declared hosts and parties that do not run."""
        everybody = [*self.declaration.hosts, *self.declaration.external]
        return [name for name in everybody if name not in self.running]

    def network(self, host: str) -> Path:
        """Return a host's network namespace."""
        return NETNS / self.settings.machine(host)

    def addresses(self, host: str) -> set[str]:
        """Return every address that a host has just now."""
        links = json.loads(run(["ip", "-n", self.settings.machine(host), "-json", "address"]))
        return {str(ip_address(one["local"])) for link in links for one in link["addr_info"]}

    def ways(self, host: str, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Return the interface by which a host would send, by (source, destination); absent where it has no route."""
        found: dict[tuple[str, str], str] = {}
        by_family: dict[int, list[tuple[str, str]]] = {}
        for source, destination in pairs:
            by_family.setdefault(ip_address(destination).version, []).append((source, destination))
        for version, asked in by_family.items():
            text = "".join(f"route get {destination} from {source}\n" for source, destination in asked)
            command = ["ip", "-n", self.settings.machine(host), f"-{version}", "-force", "-json", "-batch", "-"]
            # It exits with an error where one of the destinations has no route, which is an answer like the others.
            done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
            for line in done.stdout.splitlines():
                for route in json.loads(line):
                    if "dev" in route and route.get("type") not in ("unreachable", "prohibit", "blackhole"):
                        found[route["from"], route["dst"]] = route["dev"]
        return found

    def interfaces(self, host: str) -> set[str]:
        """Return the names of a running host's interfaces."""
        return interfaces(self.settings.machine(host))

    def holding(self, wanted: Iterable[str]) -> tuple[dict[str, str], list[str]]:
        """Return who holds each address just now, and a line for every address that not exactly one host holds."""
        held: dict[str, list[str]] = {}
        for host in self.running:
            for address in self.addresses(host):
                held.setdefault(address, []).append(host)
        unproved = []
        for address in wanted:
            holders = held.get(address, [])
            if len(holders) != 1:
                who = " and ".join(holders) or "no running host"
                unproved.append(f"{address} is held by {who}: nothing is tried there")
        return {address: held[address][0] for address in wanted if len(held.get(address, ())) == 1}, unproved


def lab_of(site: Path, declaration: Declaration) -> Place:
    """Return the running lab of a site; ProofError where there is none, or not of this site, or without root."""
    if os.geteuid() != 0:
        raise ProofError("shoko prove --dynamic enters the network namespaces of the lab's hosts: run it as root")
    settings = settings_for(site)
    record = read_record(settings.record)
    if record is None or record.site.name != settings.site.name:
        other = f" (lab {settings.ident} is of {record.site})" if record else ""
        raise ProofError(
            f"{site}: shoko prove --dynamic runs on hosts that the lab has made, and there is no lab of this site"
            f"{other}; `shoko lab up -i {site}` makes one"
        )
    prefix = settings.machine("")
    there = {name.removeprefix(prefix) for name in namespaces(prefix)}
    running = tuple(name for name in (*declaration.hosts, *declaration.external) if name in there)
    if not running:
        raise ProofError(f"{site}: no host of the lab {settings.ident} runs; `shoko lab up -i {site}` starts them")
    return Place(settings, declaration, running)
