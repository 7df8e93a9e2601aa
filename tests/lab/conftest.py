"""What lab tests stand on: the converged lab, or labs of their own with their own id, state and ports."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from converged import Converged
from segments.site import Site
from traces import root_network

CHECKOUT = Path(__file__).resolve().parents[2]
SITE = CHECKOUT / "inventories/lab"
IDENT = f"t{os.getpid() % 100000}"


@dataclass(frozen=True)
class LabCommand:
    """`shoko lab …` as a user runs it."""

    ident: str
    state: Path
    site: Path = SITE

    @property
    def folder(self) -> Path:
        """Where this lab keeps its things."""
        return self.state / self.ident

    @property
    def link(self) -> Path:
        """The checkout's way to this lab's ssh_config."""
        return CHECKOUT / f".lab/ssh_config-{self.ident}"

    @property
    def environment(self) -> dict[str, str]:
        """The user's environment."""
        return {**os.environ, "SHOKO_LAB_ID": self.ident, "SHOKO_LAB_STATE": str(self.state)}

    def command(self, verb: str, *arguments: str) -> list[str]:
        """The command line of a verb on the lab's site."""
        return [sys.executable, "-m", "shoko.cli", "lab", verb, "-i", str(self.site), *arguments]

    def run(self, verb: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a verb; show what it said if it fails unexpectedly."""
        done = subprocess.run(
            self.command(verb, *arguments),
            env=self.environment, cwd=CHECKOUT, capture_output=True, text=True, timeout=1500, check=False,
        )  # fmt: skip
        if check and done.returncode != 0:
            pytest.fail(f"shoko lab {verb} {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def inside(self, host: str, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in a host."""
        done = subprocess.run(
            [sys.executable, "-m", "shoko.cli", "lab", "exec", "-i", str(self.site), host, "--", *command],
            env=self.environment, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if check and done.returncode != 0:
            pytest.fail(f"{host}: {command}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def ssh(self, host: str, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a host over SSH, from the control node, as Ansible does."""
        return subprocess.run(
            ["ssh", "-F", str(self.folder / "ssh_config"), host, command],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def end(self) -> None:
        """Take the lab down and remove everything that it kept."""
        self.run("down")
        self.link.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def states(self) -> dict[str, str]:
        """State of every host."""
        rows = json.loads(self.run("status", "--json").stdout)["hosts"]
        return {row["name"]: row["state"] for row in rows}


@pytest.fixture(scope="session")
def converged() -> Converged:
    """The lab after `site.yml` and `demo.yml`, which a test run has brought up."""
    return Converged()


@pytest.fixture(scope="module")
def site() -> Site:
    """The same lab as its declaration sees it, with who runs now."""
    return Site.open()


@pytest.fixture(scope="session")
def machine_network() -> tuple[frozenset[str], frozenset[str]]:
    """Interfaces and addresses of the machine's own namespace before any lab of this session."""
    return root_network()


@pytest.fixture(scope="session")
def lab(
    tmp_path_factory: pytest.TempPathFactory, machine_network: tuple[frozenset[str], frozenset[str]]
) -> Iterator[LabCommand]:
    """A running lab with every host of the lab site; taken down and removed at the end."""
    command = LabCommand(f"ta{os.getpid() % 100000}", tmp_path_factory.mktemp("state"))
    command.run("up")
    yield command
    command.end()


@pytest.fixture
def second_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabCommand]:
    """A lab that is not started yet; whatever a test did with it, nothing is left."""
    command = LabCommand(f"tb{os.getpid() % 100000}", tmp_path_factory.mktemp("state"))
    yield command
    command.end()
