"""Builds a release: source, compiled translations, collected static files, and a wheelhouse for the hosts.

The archive is `DEST/shoko-ils-ID.tar`; ID is the digest of its content, so the same source gives the same
archive on every machine. A host unpacks it and needs no network:

    python3 -m venv venv && venv/bin/pip install --no-index --find-links wheels --require-hashes -r requirements.txt
"""

import argparse
import fcntl
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

APP = Path(__file__).resolve().parent.parent
SOURCES = ("shoko_ils", "demo", "manage.py", "requirements.txt", "README.md")
HOST_PYTHON = "3.13"
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64")
ID_LENGTH = 16


class BuildFailed(Exception):
    """One clear line: which step failed and why."""


def run(step: str, command: list[str], **environment: str) -> None:
    """Run a command; its output is only shown if it fails."""
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildFailed(f"{step} failed:\n{done.stdout}{done.stderr}")


def copy_sources(tree: Path) -> None:
    """The files that a host needs, without caches and without what a former build left."""
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc", "*.mo")
    for name in SOURCES:
        source = APP / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=ignore)
        else:
            shutil.copy2(source, tree / name)


def compile_messages(tree: Path) -> None:
    run("compiling translations", [sys.executable, str(APP / "tools" / "messages.py"), "compile", str(tree)])


def collect_static(tree: Path, scratch: Path) -> None:
    """Hashed and compressed static files; the settings get a site and a secret of no value to load at all."""
    (scratch / "secret").write_text("x" * 64)
    site = {"name": {"ja": "x", "en": "x"}, "libraries": [{"key": "x", "ja": "x", "en": "x"}]}
    (scratch / "site.json").write_text(json.dumps(site))
    run(
        "collecting static files",
        [sys.executable, "-B", str(tree / "manage.py"), "collectstatic", "--noinput", "--clear"],
        SHOKO_SECRET_KEY_FILE=str(scratch / "secret"),
        SHOKO_SITE_FILE=str(scratch / "site.json"),
        SHOKO_DB_HOSTS="localhost",
        SHOKO_DB_NAME="none",
        SHOKO_ALLOWED_HOSTS="localhost",
        SHOKO_STATIC_ROOT=str(tree / "static"),
    )


def wheelhouse(tree: Path, cache: Path) -> None:
    """Wheels of requirements.txt for the hosts' Python, checked against the lock; fetched once per lock."""
    lock = APP / "requirements.txt"
    place = cache / hashlib.sha256(lock.read_bytes()).hexdigest()[:ID_LENGTH]
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as alone, tempfile.TemporaryDirectory(dir=cache) as fresh:
        fcntl.flock(alone, fcntl.LOCK_EX)  # two builds at once fetch once
        if not place.is_dir():
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
            command += ["--only-binary", ":all:", "--no-deps", "--require-hashes", "-r", str(lock)]
            command += ["--python-version", HOST_PYTHON, "--implementation", "cp", "--dest", fresh]
            command += [part for platform in PLATFORMS for part in ("--platform", platform)]
            run("fetching wheels", command)
            Path(fresh).chmod(0o755)
            shutil.copytree(fresh, place)
    shutil.copytree(place, tree / "wheels")


def files_of(tree: Path) -> list[Path]:
    return sorted(path for path in tree.rglob("*") if path.is_file())


def mode(path: Path) -> int:
    """Only whether it may be run is kept: the umask of the builder must not change the digest."""
    return 0o755 if path.stat().st_mode & 0o100 else 0o644


def digest(tree: Path) -> str:
    """Identity of the content: paths, modes and bytes."""
    total = hashlib.sha256()
    for path in files_of(tree):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(tree)}\0{mode(path):o}\0{content}\n".encode())
    return total.hexdigest()[:ID_LENGTH]


def pack(tree: Path, archive: Path, release_id: str) -> None:
    """A tar whose bytes depend on nothing but the content; it unpacks into shoko-ils-ID/."""
    with (
        tempfile.NamedTemporaryFile(dir=archive.parent, delete=False) as partial,
        tarfile.open(fileobj=partial, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in files_of(tree):
            entry = tarfile.TarInfo(f"shoko-ils-{release_id}/{path.relative_to(tree)}")
            content = path.read_bytes()
            entry.size, entry.mode, entry.mtime = len(content), mode(path), 0
            tar.addfile(entry, io.BytesIO(content))
    Path(partial.name).chmod(0o644)
    Path(partial.name).replace(archive)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("destination", type=Path)
    parser.add_argument("--cache", type=Path, required=True, help="where fetched wheels are kept")
    options = parser.parse_args()
    options.destination.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        tree, scratch = Path(work) / "tree", Path(work) / "scratch"
        tree.mkdir()
        scratch.mkdir()
        try:
            copy_sources(tree)
            compile_messages(tree)
            collect_static(tree, scratch)
            wheelhouse(tree, options.cache)
        except BuildFailed as error:
            print(f"build-release: {error}", file=sys.stderr)
            return 1
        release_id = digest(tree)
        archive = options.destination.resolve() / f"shoko-ils-{release_id}.tar"
        changed = not archive.exists()
        if changed:
            pack(tree, archive, release_id)
    print(json.dumps({"id": release_id, "archive": str(archive), "changed": changed}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
