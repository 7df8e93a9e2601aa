"""The fingerprints that hosts are compared with: beside what else the site keeps outside git, signed.

Signed by OpenSSH (`ssh-keygen -Y`, SSHSIG): it is on every machine that runs Shoko, and whoever checks a signature
years later needs no program of ours. What is signed begins with the host's name: no file passes as another host's.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from shoko.bootstrap.keys import ensure_pair
from shoko.integrity.errors import IntegrityError

NAMESPACE = "shoko-integrity"
CHECKOUT = Path(__file__).resolve().parents[2]


def default_directory(site: str) -> Path:
    """Where a site's fingerprints lie; two labs of one checkout have their own."""
    if site == "lab":
        ident = os.environ.get("SHOKO_LAB_ID")
        return CHECKOUT / ".lab" / (f"integrity-{ident}" if ident else "integrity")
    return Path.home() / ".shoko" / site / "integrity"


@dataclass(frozen=True)
class Kept:
    """A directory of fingerprints (`HOST.db`, `HOST.db.sig`) with the pair `key` that signs them, made with it."""

    directory: Path

    def read(self, host: str) -> str | None:
        """Return a host's fingerprint, None where none was kept; IntegrityError where it is not what was signed."""
        file, seal = self._files(host)
        if not file.exists() and not seal.exists():
            return None
        signers = f'site namespaces="{NAMESPACE}" {ensure_pair(self.directory / "key", NAMESPACE).public}\n'
        allowed = self.directory / "allowed_signers"
        allowed.write_text(signers, encoding="utf-8")
        try:
            content = file.read_bytes()
        except OSError as problem:
            raise IntegrityError(f"{file}: {problem.strerror}; see docs/operations/integrity.md") from problem
        command = ["ssh-keygen", "-Y", "verify", "-f", str(allowed), "-I", "site", "-n", NAMESPACE, "-s", str(seal)]
        done = subprocess.run(command, input=content, capture_output=True, check=False)
        first, _, rest = content.decode(errors="replace").partition("\n")
        if done.returncode != 0 or first != f"host {host}":
            raise IntegrityError(
                f"{file} is not what was signed for {host}: somebody changed it. "
                "Take both files from the backup; see docs/operations/integrity.md"
            )
        return rest

    def write(self, host: str, fingerprint: str) -> None:
        """Keep a host's fingerprint. Ended in between, the next `read` refuses the pair."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        ensure_pair(self.directory / "key", NAMESPACE)
        file, seal = self._files(host)
        content = f"host {host}\n{fingerprint}".encode()
        command = ["ssh-keygen", "-Y", "sign", "-f", str(self.directory / "key"), "-n", NAMESPACE]
        done = subprocess.run(command, input=content, capture_output=True, check=False)
        if done.returncode != 0:
            raise IntegrityError(f"{self.directory / 'key'}: {done.stderr.decode(errors='replace').strip()}")
        for path, what in ((file, content), (seal, done.stdout)):
            beside = path.with_name(path.name + ".new")
            beside.write_bytes(what)
            beside.rename(path)

    def _files(self, host: str) -> tuple[Path, Path]:
        return self.directory / f"{host}.db", self.directory / f"{host}.db.sig"
