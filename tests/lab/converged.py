"""The converged lab that a test run stands on: `SHOKO_LAB_ID` says which, `tests/run` brings it up."""

from __future__ import annotations

import json
import subprocess
from functools import cached_property
from pathlib import Path

from shoko.lab.machines import machine
from shoko.lab.settings import LabSettings, settings_for

CHECKOUT = Path(__file__).resolve().parents[2]
SITE = CHECKOUT / "inventories/lab"


class Converged:
    """The lab after `site.yml` and `demo.yml`."""

    @cached_property
    def settings(self) -> LabSettings:
        """Which lab."""
        return settings_for(SITE)

    def inside(self, host: str, *command: str, timeout: float = 180) -> subprocess.CompletedProcess[str]:
        """Run a command as root in a host."""
        entry = machine(self.settings, host).entry(list(command))
        return subprocess.run(entry, capture_output=True, text=True, timeout=timeout, check=False)

    def said(self, host: str, *command: str, timeout: float = 180) -> str:
        """The output of a command in a host that must succeed."""
        done = self.inside(host, *command, timeout=timeout)
        assert done.returncode == 0, f"{host}: {' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def told(self, host: str, unit: str, lines: int = 20) -> str:
        """The last lines of a unit in a host's journal: also those that the journal had not taken in yet."""
        self.said(host, "journalctl", "--sync")
        return self.said(host, "journalctl", "-u", unit, "-n", str(lines), "-o", "cat", "--no-pager")

    def at_rest(self, host: str, unit: str) -> bool:
        """Whether a job of a timer is not at work just now."""
        return self.inside(host, "systemctl", "is-active", unit).stdout.strip() in {"inactive", "failed"}

    def start(self, host: str, *command: str) -> subprocess.Popen[str]:
        """Start a command as root in a host; the caller waits for it."""
        entry = machine(self.settings, host).entry(list(command))
        return subprocess.Popen(entry, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    @cached_property
    def ports(self) -> tuple[int, int]:
        """The machine's ports that lead to the WebOPAC and to the staff screens."""
        record = json.loads(self.settings.record.read_text())
        return int(record["ports"][0]), int(record["ports"][1])

    @property
    def root_certificate(self) -> Path:
        """What a browser of the site has to trust."""
        return CHECKOUT / ".lab/ca/root.pem"

    @property
    def demo_password(self) -> str:
        """Password of the account `demo`."""
        return (CHECKOUT / ".lab/secrets/demo").read_text().split()[0]
