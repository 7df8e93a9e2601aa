"""A host of the lab with a kernel of its own: its emulator, and what its operator does to it."""

import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

from conftest import CHECKOUT, LabCommand

from shoko.declaration import Declaration, load
from shoko.lab.qmp import Monitor

# A host that starts anew may leave a connection without an end.
SSH = ["ssh", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=60", *("-o", "ServerAliveInterval=15")]
SSH += ["-o", "ServerAliveCountMax=8"]
REACH_SECONDS = 900  # an emulated boot takes a minute; on a busy machine some


class Emulated:
    """A host, its emulator and its operator."""

    def __init__(self, lab: LabCommand, folder: Path, name: str) -> None:
        self.lab = lab
        self.folder = folder
        self.name = name
        self.declaration: Declaration = load(lab.site)
        self.group = self.declaration.hosts[name].groups[0]

    def monitor(self) -> Monitor:
        """The emulator's monitor."""
        return Monitor(self.lab.folder / "hosts" / self.name / "qmp")

    def run(self, command: str, stdin: bytes = b"", *, check: bool = True, timeout: float = 600) -> str:
        """Run a shell command on the host as root."""
        done = subprocess.run(
            [*SSH, "-F", self.lab.folder / "ssh_config", self.name, shlex.join(["sudo", "-n", "sh", "-c", command])],
            input=stdin, capture_output=True, timeout=timeout, check=False,
        )  # fmt: skip
        assert done.returncode == 0 or not check, f"{command}: {done.returncode}\n{done.stdout!r}\n{done.stderr!r}"
        return done.stdout.decode()

    def play(self, *arguments: str, tags: str) -> dict[str, int]:
        """Run a role on the host as its operator does; what Ansible counted."""
        return self._counts(self._playbook("base", "--limit", self.name, "--tags", tags, *arguments))

    def site(self, *arguments: str) -> dict[str, int]:
        """Run the main job; what Ansible counted for the host."""
        return self._counts(self._playbook("site", *arguments))

    def refused(self, *arguments: str) -> str:
        """Run what must fail; what Ansible said."""
        done = self._playbook("base", *arguments)
        assert done.returncode != 0, done.stdout[-4000:]
        return done.stdout

    def authority(self) -> None:
        """Have the site's authority; one that is there stays."""
        command = [sys.executable, "-m", "shoko.cli", "trust", "init", "-i", str(self.lab.site)]
        subprocess.run(command, env=self.lab.environment, cwd=CHECKOUT, capture_output=True, check=True)

    def collected(self, collector: str, command: str) -> str:
        """What a command says of the file that a collector keeps of the host."""
        said = self.lab.inside(collector, "sh", "-c", f"cat /var/log/shoko/{self.name}*.log | {command}")
        return said.stdout

    def arrives(self, collector: str, *words: str, within: float = 120) -> None:
        """Wait until a collector has a line of the host with all the words."""
        script = " | ".join(f"grep -F -e {shlex.quote(word)}" for word in words) + " | tail -1"
        give_up = time.monotonic() + within
        while not self.collected(collector, script):
            assert time.monotonic() < give_up, f"{collector}: no line of {self.name} with {words} within {within} s"
            time.sleep(1)

    def reboot(self) -> None:
        """Start the host's system anew; whatever is plugged in stays in its port all the time."""
        before = self.run("cat /proc/sys/kernel/random/boot_id")
        self.run("systemctl reboot", check=False)
        give_up = time.monotonic() + REACH_SECONDS
        while self.run("cat /proc/sys/kernel/random/boot_id", check=False) in {"", before}:
            assert time.monotonic() < give_up, f"{self.name} was not back within {REACH_SECONDS} s"
            time.sleep(2)
        self.run("systemctl is-system-running --wait", check=False)

    def wait_for(self, command: str, seconds: float = 120) -> None:
        """Wait until a command succeeds on the host."""
        give_up = time.monotonic() + seconds
        while self.run(f"{command} >/dev/null 2>&1 && echo yes || true").strip() != "yes":
            assert time.monotonic() < give_up, f"not within {seconds} s: {command}"
            time.sleep(0.5)

    def _playbook(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        program = str(Path(sys.executable).parent / "ansible-playbook")
        return subprocess.run(
            [program, "-i", str(self.lab.site), f"playbooks/{name}.yml", *arguments],
            env={**self.lab.environment, "SHOKO_SSH_CONFIG": str(self.lab.link), "ANSIBLE_FORCE_COLOR": "0"},
            cwd=CHECKOUT, capture_output=True, text=True, timeout=2400, check=False,
        )  # fmt: skip

    def _counts(self, done: subprocess.CompletedProcess[str]) -> dict[str, int]:
        lines = [line for line in done.stdout.splitlines() if line.startswith(("fatal:", "failed:", "ERROR"))]
        wrong = [" ".join([line[:400], *re.findall(r'"(?:msg|stderr)": "[^"]*', line)]) for line in lines]
        assert done.returncode == 0, "\n".join(wrong) + done.stdout[-2000:] + done.stderr[-1000:]
        counts = re.search(rf"^{self.name}\s+: (ok=.*)$", done.stdout, re.MULTILINE)
        assert counts, done.stdout
        return {key: int(n) for key, n in re.findall(r"(\w+)=(\d+)", counts[1])}
