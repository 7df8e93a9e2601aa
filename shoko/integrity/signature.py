"""Signs and verifies what is kept, by `ssh-keygen -Y`: on every host already, and its keys are the site's kind."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from shoko.integrity.errors import IntegrityError

NAMESPACE = "shoko-integrity"
IDENTITY = "shoko-integrity"
_END = b"-----END SSH SIGNATURE-----\n"


@dataclass(frozen=True)
class Keys:
    """Where the private key lies (only the run reads it), and the file of allowed signers (ssh-keygen(1))."""

    private: Path
    allowed: Path


def sign(keys: Keys, content: bytes) -> bytes:
    """Return content with its signature before it."""
    return _keygen(["-Y", "sign", "-n", NAMESPACE, "-f", str(keys.private)], content) + content


def verified(keys: Keys, signed: bytes, scratch: Path) -> bytes:
    """Return the content of what `sign` returned; IntegrityError where the signature is not good."""
    armor, end, content = signed.partition(_END)
    if not end:
        raise IntegrityError("carries no signature")
    beside = scratch / "signature"
    beside.write_bytes(armor + end)
    words = ["-Y", "verify", "-n", NAMESPACE, "-I", IDENTITY, "-f", str(keys.allowed), "-s", str(beside)]
    _keygen(words, content)
    return content


def _keygen(words: list[str], content: bytes) -> bytes:
    done = subprocess.run(["ssh-keygen", "-q", *words], input=content, capture_output=True, check=False)
    if done.returncode != 0:
        said = (done.stderr + done.stdout).decode(errors="replace").strip().splitlines() or ["ssh-keygen failed"]
        raise IntegrityError(f"signature: {said[-1]}")
    return done.stdout
