"""What the machine's own apt knows: where its Debian mirror is, and how it downloads.

Nothing here names a mirror: the address, the proxy and the credentials are the machine's own
(`apt-get indextargets`, apt-helper(1) reads the same apt.conf).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from shoko.lab.errors import LabError
from shoko.lab.run import run

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
APT_HELPER = Path("/usr/lib/apt/apt-helper")
BATCH = 40  # files per call of apt-helper: keeps its argument list short and progress alive


@dataclass(frozen=True)
class Archives:
    """Base addresses of the two Debian archives, without a trailing slash."""

    debian: str
    security: str


@dataclass(frozen=True)
class Download:
    """One file to fetch; `sha256` is None only for InRelease, whose signature is checked instead."""

    uri: str
    target: Path
    sha256: str | None


def find_archives() -> Archives:
    """Ask apt for the archives it is configured with."""
    rows = run(["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Identifier: Packages"])
    found: dict[str, str] = {}
    for row in rows.splitlines():
        origin, label, uri = row.split("|", 2)
        if origin == "Debian":
            found.setdefault(label, _plain(uri))
    if "Debian" not in found:
        raise LabError("apt knows no Debian archive: run `apt-get update` and look at /etc/apt/sources.list*")
    debian = found["Debian"]
    return Archives(debian, found.get("Debian-Security", re.sub(r"/debian$", "/debian-security", debian)))


def _plain(uri: str) -> str:
    """Return the address behind a `mirror+file:` list (Debian's cloud images), or the address itself."""
    uri = uri.rstrip("/")
    if not uri.startswith("mirror+file:"):
        return uri
    listing = Path(uri.removeprefix("mirror+file:").replace("//", "/"))
    for line in listing.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            return line.split()[0].rstrip("/")
    raise LabError(f"{listing}: no mirror in it, and apt uses it for Debian")


def download(files: Iterable[Download]) -> None:
    """Fetch files with apt's own methods; each is refused if its SHA-256 differs."""
    wanted = list(files)
    for start in range(0, len(wanted), BATCH):
        words: list[str | Path] = [APT_HELPER, "-q", "-o", "APT::Sandbox::User=root", "download-file"]
        for item in wanted[start : start + BATCH]:
            item.target.parent.mkdir(parents=True, exist_ok=True)
            words += [item.uri, item.target, f"SHA256:{item.sha256}" if item.sha256 else ""]
        run(words)


def verify_inrelease(path: Path) -> str:
    """Return the signed text of an InRelease file; raise LabError if no Debian key signed it."""
    try:
        return run(["gpgv", "--quiet", "--keyring", KEYRING, "--output", "-", path])
    except LabError as refused:
        raise LabError(f"{path}: not signed by a key of {KEYRING}: {refused}") from refused
