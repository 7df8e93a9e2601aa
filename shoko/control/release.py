"""Builds the control node's own copy of this checkout: `python -m shoko.control.release DEST`.

The archive `DEST/control-ID.tar` holds the tree of the commit that is checked out (never what is uncommitted, so that
the control node runs only what somebody can look up) and the wheels of `roles/control/files/requirements.txt` for the
Python of Debian 13, so that it installs without a network. ID is the digest of both. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from shoko.errors import ShokoError

CHECKOUT = Path(__file__).resolve().parents[2]
LOCK = "roles/control/files/requirements.txt"
HOST_PYTHON = "3.13"  # Debian 13
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
ID_LENGTH = 16


class BuildFailed(ShokoError):
    """One clear line: which step failed and why."""


def run(step: str, command: list[str]) -> bytes:
    """Run a command in the checkout and return its output; BuildFailed with its words if it fails."""
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=False)
    if done.returncode:
        raise BuildFailed(f"control node: {step} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def identity(commit: str, lock: bytes) -> str:
    """The id of a release: the same commit and lock give the same one."""
    return hashlib.sha256(commit.encode() + b"\0" + lock).hexdigest()[:ID_LENGTH]


def wheels(lock: bytes, cache: Path) -> Path:
    """The folder with the wheels of a lock, fetched once per lock."""
    folder = cache / hashlib.sha256(lock).hexdigest()[:ID_LENGTH]
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        place = Path(scratch) / "wheels"
        requirements = Path(scratch) / "requirements.txt"
        requirements.write_bytes(lock)
        platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", "--require-hashes", "--python-version", HOST_PYTHON, "--implementation"]
        run("fetching wheels", [*command, "cp", *platforms, "-r", str(requirements), "-d", str(place)])
        place.rename(folder)
    return folder


def build(destination: Path, cache: Path) -> dict[str, str]:
    """Build the release of the commit that is checked out; returns its id and archive."""
    commit = run("reading the commit", ["git", "rev-parse", "HEAD"]).decode().strip()
    lock = run("reading the lock", ["git", "show", f"HEAD:{LOCK}"])
    name = identity(commit, lock)
    archive = destination / f"control-{name}.tar"
    if not archive.exists():
        tree = run("packing the checkout", ["git", "archive", "--format=tar", f"--prefix={name}/", "HEAD"])
        destination.mkdir(parents=True, exist_ok=True)
        beside = archive.with_suffix(".new")
        with tarfile.open(fileobj=io.BytesIO(tree)) as source, tarfile.open(beside, "w") as target:
            for member in source:
                target.addfile(member, source.extractfile(member) if member.isfile() else None)
            for wheel in sorted(wheels(lock, cache).iterdir()):
                target.add(wheel, f"{name}/wheels/{wheel.name}")
            described = tarfile.TarInfo(f"{name}/COMMIT")
            described.size = len(commit) + 1
            target.addfile(described, io.BytesIO(f"{commit}\n".encode()))
        beside.rename(archive)
    return {"id": name, "archive": str(archive), "commit": commit}


def main() -> int:
    """Entry point; 1 with one line on stderr when a step fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("destination", type=Path)
    parser.add_argument("--cache", type=Path, default=CHECKOUT / ".cache" / "control-wheels")
    arguments = parser.parse_args()
    try:
        print(json.dumps(build(arguments.destination, arguments.cache)))
    except BuildFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
