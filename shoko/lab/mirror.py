"""The Debian mirror inside the lab: Debian's own signed indexes, and the part of the pool we need.

InRelease and Packages are kept byte for byte, so a lab host verifies Debian's own signature; a .deb
outside the closure is simply not there (404). Fetched once, kept in the shared cache, renewed when
Debian's Valid-Until has passed.
"""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from shoko.lab.apt_source import KEYRING, Archives, Download, download, find_archives, verify_inrelease
from shoko.lab.closure import Resolver
from shoko.lab.deb_index import PackageFile, read_packages, release_hash, valid_until
from shoko.lab.errors import LabError
from shoko.lab.locking import locked
from shoko.lab.progress import say, step
from shoko.lab.recipes import Recipes
from shoko.lab.run import run

BATCH = 80  # .debs between two progress lines


@dataclass(frozen=True)
class Suite:
    """One distribution of an archive folder ("debian" or "debian-security")."""

    archive: str
    name: str

    def uri(self, archives: Archives) -> str:
        """Address of the archive root upstream."""
        return archives.debian if self.archive == "debian" else archives.security


def suites(recipes: Recipes) -> list[Suite]:
    """Return the suites of a stock Debian system: release, updates, security."""
    return [
        Suite("debian", recipes.suite),
        Suite("debian", f"{recipes.suite}-updates"),
        Suite("debian-security", f"{recipes.suite}-security"),
    ]


def current_mirror(cache: Path, recipes: Recipes) -> Path:
    """Return where the mirror of these recipes lies, whether it was built yet or not."""
    return (cache / f"mirror-{recipes.mirror_digest()}").resolve()


def ensure_mirror(cache: Path, recipes: Recipes, *, renew: bool = False) -> Path:
    """Return the folder of a complete mirror, building it if there is none or Debian's word on it has expired.

    An expired mirror that cannot be renewed (no network) is kept, and that is said: hosts run without it, and
    refuse its lists.
    """
    link = cache / f"mirror-{recipes.mirror_digest()}"
    with locked(cache / "mirror.lock", "building the package mirror"):
        complete = link.exists()
        if complete and not renew and not _expired(link, recipes):
            return link.resolve()
        try:
            with step("package mirror"):
                return _build(cache, link, recipes)
        except LabError as offline:
            if renew or not complete:
                raise
            say(f"package mirror: not renewed, the old one stays: {offline}")
            return link.resolve()


def _expired(mirror: Path, recipes: Recipes) -> bool:
    for suite in suites(recipes):
        text = (mirror / suite.archive / "dists" / suite.name / "InRelease").read_text()
        moment = valid_until(text)
        if moment is not None and moment < datetime.now(UTC):
            say(f"package mirror: {suite.name} was valid until {moment:%Y-%m-%d}, renewing")
            return True
    return False


def _build(cache: Path, link: Path, recipes: Recipes) -> Path:
    archives = find_archives()
    tree = Path(tempfile.mkdtemp(prefix=f"{link.name}-", dir=cache))
    tree.chmod(0o755)
    scratch = Path(tempfile.mkdtemp(prefix="resolve-", dir=cache))
    try:
        known: dict[str, PackageFile] = {}
        for suite in suites(recipes):
            known |= _fetch_indexes(tree, suite, archives, recipes)
        wanted = _closure(tree, scratch, recipes)
        _fetch_pool(tree, archives, {path: known[path] for path in sorted(wanted)})
        (tree / "CLOSURE").write_text("".join(f"{path}\n" for path in sorted(wanted)))
    except BaseException:
        shutil.rmtree(tree)
        raise
    finally:
        shutil.rmtree(scratch)
    fresh = link.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(tree.name)
    fresh.replace(link)  # readers see the old mirror or the new one, whole
    return tree


def _fetch_indexes(tree: Path, suite: Suite, archives: Archives, recipes: Recipes) -> dict[str, PackageFile]:
    """Fetch and verify one suite's indexes; return its packages by path below the mirror's root."""
    base = f"{suite.uri(archives)}/dists/{suite.name}"
    folder = tree / suite.archive / "dists" / suite.name
    inrelease = folder / "InRelease"
    download([Download(f"{base}/InRelease", inrelease, None)])
    release = verify_inrelease(inrelease)
    name = f"{recipes.component}/binary-{recipes.arch}/Packages.xz"
    digest = release_hash(release, name)
    by_hash = folder / Path(name).parent / "by-hash" / "SHA256" / digest
    download([Download(f"{base}/{Path(name).parent}/by-hash/SHA256/{digest}", by_hash, digest)])
    os.link(by_hash, folder / name)
    return {f"{suite.archive}/{package.filename}": package for package in read_packages(by_hash)}


def _closure(tree: Path, scratch: Path, recipes: Recipes) -> set[str]:
    """Return every pool file needed: each purpose from nothing, and what debootstrap unpacks."""
    rows = [(suite.archive, suite.name, recipes.component) for suite in suites(recipes)]
    resolver = Resolver(tree, scratch / "all", recipes.arch, rows)
    first = Resolver(tree, scratch / "first", recipes.arch, rows[:1])  # debootstrap reads one suite only
    minimal = debootstrap_packages(tree, scratch / "root", recipes)
    wanted = first.files("debootstrap", minimal) | resolver.files("debootstrap", minimal)
    for purpose, packages in recipes.purposes().items():
        wanted |= resolver.files(purpose, packages)
    return wanted


def debootstrap_packages(mirror: Path, scratch: Path, recipes: Recipes) -> list[str]:
    """Return the packages of debootstrap's smallest variant."""
    command = ["debootstrap", "--print-debs", "--variant=minbase", f"--arch={recipes.arch}"]
    origin = f"file://{mirror}/debian"
    return run([*command, f"--keyring={KEYRING}", recipes.suite, scratch, origin]).split()


def _fetch_pool(tree: Path, archives: Archives, wanted: dict[str, PackageFile]) -> None:
    """Fill the pool, taking from any former mirror what it has (a pool path never changes its bytes)."""
    formers = [path for path in tree.parent.glob("mirror-*") if path.is_dir() and path != tree]
    missing = []
    for path, package in wanted.items():
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        old = next((former / path for former in formers if _is_whole(former / path, package)), None)
        if old is not None:
            os.link(old, target)
            continue
        archive, _, rest = path.partition("/")
        base = archives.debian if archive == "debian" else archives.security
        missing.append((Download(f"{base}/{rest}", target, package.sha256), package.size))
    total = sum(size for _, size in missing)
    say(f"package mirror: {len(wanted)} packages, {len(missing)} to fetch ({total / 2**20:.0f} MiB)")
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        download([item for item, _ in batch])
        say(f"package mirror: {start + len(batch)} of {len(missing)} fetched")


def _is_whole(path: Path, package: PackageFile) -> bool:
    """Tell whether a former mirror's file is the package, byte for byte."""
    if not path.is_file() or path.stat().st_size != package.size:
        return False
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest() == package.sha256
