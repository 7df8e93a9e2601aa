"""Images of the lab: a Debian 13 base from debootstrap and thin layers over it (overlayfs lower folders).

Everything comes from the lab's own mirror, whose indexes Debian signed; debootstrap and apt verify that
again. An image's name carries the digest of its recipe; it is built aside and put in place by rename.
"""

import os
import shutil
import tempfile
from pathlib import Path

from shoko.lab.apt_source import KEYRING
from shoko.lab.locking import locked
from shoko.lab.progress import step
from shoko.lab.recipes import Layer, Recipes
from shoko.lab.run import run

BUILDER = Path(__file__).with_name("build_image.sh")
# Whatever ends this process also ends its children and its mounts.
ISOLATED = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
# Only in images of the lab: dpkg does not wait for the disk, which halves installation time. A host
# that loses power may lose its last packages; a lab host is made again.
UNSAFE_IO = "force-unsafe-io\n"
APT_CONF = 'Acquire::Languages "none";\nAcquire::GzipIndexes "true";\n'
STOCK_SOURCES = """\
Types: deb
URIs: {archive}
Suites: {suite} {suite}-updates
Components: {component}
Signed-By: {keyring}

Types: deb
URIs: {security}
Suites: {suite}-security
Components: {component}
Signed-By: {keyring}
"""


def image_folder(cache: Path, recipes: Recipes, layer: str) -> Path:
    """Return where the image of a layer ("base" or a layer's name) lies, built or not."""
    return cache / "images" / f"{layer}-{recipes.image_digest(layer)}"


def lower_folders(cache: Path, recipes: Recipes, layer: str) -> list[Path]:
    """Return the overlay's lower folders of a host, topmost first."""
    base = image_folder(cache, recipes, "base")
    return [base] if layer == "base" else [image_folder(cache, recipes, layer), base]


def ensure_images(cache: Path, recipes: Recipes, mirror: Path, layers: set[str], log: Path) -> None:
    """Build the base image and those of `layers` that are not in the cache yet."""
    with locked(cache / "images.lock", "building images"):
        base = image_folder(cache, recipes, "base")
        if not base.is_dir():
            with step("base image"):
                _build_base(base, recipes, mirror, log)
        for name in sorted(layers - {"base"}):
            target = image_folder(cache, recipes, name)
            if not target.is_dir():
                with step(f"image of {name}"):
                    _build_layer(target, base, recipes, recipes.layers[name], mirror, log)


def _scratch(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    for stale in target.parent.glob(f".{target.name}-*"):  # of a build that was killed; we hold the lock
        shutil.rmtree(stale)
    return Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))


def _fill(root: Path, overlay: tuple[Path, Path, Path] | None, layer: Layer, mirror: Path, recipes: Recipes,
          log: Path) -> None:  # fmt: skip
    """Install a layer's packages into `root`, over (lower, upper, work) if that is an overlay."""
    run(
        [*ISOLATED, "sh", BUILDER, root, mirror, recipes.suite, recipes.component, *(overlay or ("", "", ""))],
        env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "PACKAGES": " ".join(layer.packages),
            "DISABLE": " ".join(layer.disable),
            "ENABLE": " ".join(layer.enable),
        },
        log=log,
    )


def _build_base(target: Path, recipes: Recipes, mirror: Path, log: Path) -> None:
    scratch = _scratch(target)
    root = scratch / "root"
    command = ["debootstrap", "--variant=minbase", f"--arch={recipes.arch}", f"--keyring={KEYRING}"]
    run([*ISOLATED, *command, recipes.suite, root, f"file://{mirror}/debian"], log=log)
    (root / "etc/dpkg/dpkg.cfg.d/lab-unsafe-io").write_text(UNSAFE_IO)
    (root / "etc/apt/apt.conf.d/90lab").write_text(APT_CONF)
    _fill(root, None, recipes.base, mirror, recipes, log)
    _finish_base(root, recipes)
    root.replace(target)
    shutil.rmtree(scratch)


def _finish_base(root: Path, recipes: Recipes) -> None:
    """Leave what an installer leaves: no identity, stock package sources, UTF-8."""
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for name in ("etc/hostname", "etc/resolv.conf", "var/lib/dbus/machine-id", "etc/apt/sources.list"):
        (root / name).unlink(missing_ok=True)
    (root / "etc/machine-id").write_text("")
    (root / "etc/default/locale").write_text("LANG=C.UTF-8\n")
    (root / "etc/localtime").unlink(missing_ok=True)  # UTC
    sources = STOCK_SOURCES.format(
        archive=recipes.archive,
        security=recipes.security,
        suite=recipes.suite,
        component=recipes.component,
        keyring=KEYRING,
    )
    (root / "etc/apt/sources.list.d/debian.sources").write_text(sources)


def _build_layer(target: Path, base: Path, recipes: Recipes, layer: Layer, mirror: Path, log: Path) -> None:
    scratch = _scratch(target)
    upper, work, root = (scratch / name for name in ("upper", "work", "root"))
    for folder in (upper, work, root):
        folder.mkdir()
    upper.chmod(0o755)
    _fill(root, (base, upper, work), layer, mirror, recipes, log)
    upper.replace(target)
    shutil.rmtree(scratch)


def remove_images(cache: Path) -> None:
    """Remove every image and mirror of the cache."""
    if cache.is_dir():
        for entry in cache.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                os.unlink(entry)
