"""The converged lab that a test run has brought up (SHOKO_LAB_ID), or the checkout's own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from shoko.declaration import load
from shoko.declaration.model import Declaration
from shoko.lab.settings import LabSettings, settings_for

CHECKOUT = Path(__file__).resolve().parents[3]
SITE = CHECKOUT / "inventories/lab"
WORKER = Path(__file__).with_name("worker.py")


class NotRunning(AssertionError):
    """A test needs a host that does not run."""


@dataclass(frozen=True)
class Site:
    """Everything that a test asks of the running lab."""

    settings: LabSettings
    declaration: Declaration
    running: frozenset[str]

    @staticmethod
    def open() -> Site:
        """Find the lab; raises NotRunning when nothing of it runs."""
        settings = settings_for(SITE)
        done = subprocess.run(
            [sys.executable, "-m", "shoko.cli", "lab", "status", "-i", str(SITE), "--json"],
            cwd=CHECKOUT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        rows = json.loads(done.stdout)["hosts"]
        running = frozenset(row["name"] for row in rows if row["state"] not in ("off", "starting"))
        if not running:
            raise NotRunning(f"the lab {settings.ident} does not run: bring it up and converge it first")
        return Site(settings, load(SITE), running)

    def network(self, host: str) -> list[str]:
        """The command prefix that enters a host's network namespace."""
        return ["nsenter", f"--net=/run/netns/{self.settings.machine(host)}"]

    def work(self, host: str, verb: str, job: Mapping[str, object]) -> Any:
        """Run a worker in a host's namespace and return its answer."""
        done = subprocess.run(
            [*self.network(host), sys.executable, str(WORKER), verb],
            input=json.dumps(job) + "\n", capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"{host}: {verb}: {done.stderr}"
        return json.loads(done.stdout)

    def inside(self, host: str, *command: str, check: bool = True, stdin: str | None = None) -> str:
        """Run a command as the host's root; its output."""
        done = subprocess.run(
            [sys.executable, "-m", "shoko.cli", "lab", "exec", "-i", str(SITE), host, "--", *command],
            cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=120, input=stdin,
        )  # fmt: skip
        assert done.returncode == 0 or not check, f"{host}: {command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def interfaces(self, host: str) -> list[dict[str, Any]]:
        """Addresses of every interface in a host's namespace, as `ip -json address` says."""
        done = subprocess.run(
            [*self.network(host), "ip", "-json", "address"], capture_output=True, text=True, check=True
        )
        return list(json.loads(done.stdout))

    def holder(self, candidates: Iterable[str], address: str) -> str | None:
        """Which of these hosts has an address now."""
        for host in candidates:
            if host in self.running:
                for link in self.interfaces(host):
                    if any(one["local"] == address for one in link["addr_info"]):
                        return host
        return None

    @cached_property
    def active_gateway(self) -> str:
        """The gateway that holds the shared addresses."""
        address = str(self.declaration.gateway_vip(self.declaration.gateways.manage, "ipv4"))
        holder = self.holder(self.declaration.gateways.hosts, address)
        if holder is None:
            raise NotRunning(f"no gateway holds {address}")
        return holder
