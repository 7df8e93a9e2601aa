"""Who answers for what was accepted: the site's key pair `integrity`, and the line that signatures are checked against.

Signed by OpenSSH (`ssh-keygen -Y`, SSHSIG): it is on every machine that runs Shoko, and whoever checks a signature
years later needs no program of ours. The private half stays on the machine that runs `site.yml`, outside git; the
control node, where what is signed lies, has the public half and can accept nothing by itself.

`python -m shoko.integrity.seal SITE` makes the pair where there is none and prints the line of allowed signers; with
`--sign` it reads a statement and prints it sealed, as the control node takes it. SITE is the site's short name.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from shoko.bootstrap.keys import ensure_pair
from shoko.errors import ShokoError
from shoko.integrity.errors import IntegrityError

NAMESPACE = "shoko-integrity"
NAME = "integrity"
CHECKOUT = Path(__file__).resolve().parents[2]


def default_directory(site: str) -> Path:
    """Where a site's own keys lie, outside git, as role `observation` has it."""
    return CHECKOUT / ".lab" / "keys" if site == "lab" else Path.home() / ".shoko" / site / "keys"


def allowed(directory: Path) -> str:
    """Return the line of ssh-keygen(1)'s allowed signers for the pair of a directory, made there if there is none."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return f'site namespaces="{NAMESPACE}" {ensure_pair(directory / NAME, NAMESPACE).public}\n'


def sign(directory: Path, text: str) -> str:
    """Return the signature of a text; IntegrityError where it cannot be signed."""
    allowed(directory)
    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(directory / NAME), "-n", NAMESPACE]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise IntegrityError(f"{directory / NAME}: {done.stderr.strip()}")
    return done.stdout


def verified(signers: str, text: str, seal: str) -> bool:
    """Tell whether one of the allowed signers (the content of such a file) has signed the text."""
    with tempfile.TemporaryDirectory() as folder:
        there, sealed = Path(folder, "signers"), Path(folder, "seal")
        there.write_text(signers, encoding="utf-8")
        sealed.write_text(seal, encoding="utf-8")
        command = ["ssh-keygen", "-Y", "verify", "-f", str(there), "-I", "site", "-n", NAMESPACE, "-s", str(sealed)]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=False).returncode == 0


def sealed(directory: Path, text: str) -> str:
    """Return a statement with its signature, as the control node takes it."""
    return json.dumps({"statement": text, "seal": sign(directory, text)})


def main() -> int:
    """Print the line of allowed signers, or a sealed statement; 1 with one line on stderr where it cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site")
    parser.add_argument("--sign", action="store_true", help="seal the statement that comes in")
    given = parser.parse_args()
    directory = default_directory(given.site)
    try:
        print(sealed(directory, sys.stdin.read()) if given.sign else allowed(directory).strip())
    except (ShokoError, OSError) as problem:
        print(f"key of what is accepted: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
