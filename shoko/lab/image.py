"""Images of the lab: a Debian 13 base from debootstrap and thin layers over it (overlayfs lower folders).

Everything comes from the lab's own mirror, whose indexes Debian signed; debootstrap and apt verify that
again. An image's name carries the digest of its recipe; it is built aside and put in place by rename.
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shoko.lab.apt_source import KEYRING
from shoko.lab.locking import locked
from shoko.lab.outside.public_authority import PublicAuthority
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
    """Build the base image and those of `layers` that are not in the cache yet; apt's words go to `log`."""
    builder = Builder(cache, recipes, mirror, log)
    with locked(cache / "images.lock", "building images"):
        for name in ["base", *sorted(layers - {"base"})]:
            if not image_folder(cache, recipes, name).is_dir():
                with step(f"image of {name}"):
                    builder.build(name)


@dataclass(frozen=True)
class Builder:
    """Makes one image at a time; the caller holds the lock."""

    cache: Path
    recipes: Recipes
    mirror: Path
    log: Path

    def build(self, name: str) -> None:
        """Build the image of a layer aside and rename it into place."""
        target = image_folder(self.cache, self.recipes, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        for stale in target.parent.glob(f".{target.name}-*"):  # of a build that was killed
            shutil.rmtree(stale)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        made = self._base(scratch) if name == "base" else self._layer(scratch, name)
        made.replace(target)
        shutil.rmtree(scratch)

    def _base(self, scratch: Path) -> Path:
        root = scratch / "root"
        command = ["debootstrap", "--variant=minbase", f"--arch={self.recipes.arch}", f"--keyring={KEYRING}"]
        run([*ISOLATED, *command, self.recipes.suite, root, f"file://{self.mirror}/debian"], log=self.log)
        (root / "etc/dpkg/dpkg.cfg.d/lab-unsafe-io").write_text(UNSAFE_IO)
        (root / "etc/apt/apt.conf.d/90lab").write_text(APT_CONF)
        authority = root / "usr/local/share/ca-certificates/lab-public.crt"
        authority.parent.mkdir(parents=True, exist_ok=True)
        authority.write_text(PublicAuthority(self.cache).certificate())
        self._fill(root, ("", "", ""), self.recipes.base)
        self._finish_base(root)
        return root

    def _layer(self, scratch: Path, name: str) -> Path:
        upper, work, root = (scratch / part for part in ("upper", "work", "root"))
        for folder in (upper, work, root):
            folder.mkdir()
        upper.chmod(0o755)
        base = image_folder(self.cache, self.recipes, "base")
        self._fill(root, (base, upper, work), self.recipes.layers[name])
        return upper

    def _fill(self, root: Path, overlay: Sequence[Path | str], layer: Layer) -> None:
        """Install a layer's packages into `root`, over (lower, upper, work) if that is an overlay."""
        recipes = self.recipes
        run(
            [*ISOLATED, "sh", BUILDER, root, self.mirror, recipes.suite, recipes.component, *overlay],
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "PACKAGES": " ".join(layer.packages),
                "DISABLE": " ".join(layer.disable),
                "ENABLE": " ".join(layer.enable),
            },
            log=self.log,
        )

    def _finish_base(self, root: Path) -> None:
        """Leave what an installer leaves: no identity, stock package sources, UTF-8, UTC."""
        for key in (root / "etc/ssh").glob("ssh_host_*"):
            key.unlink()
        gone = ("hostname", "resolv.conf", "apt/sources.list", "localtime", "../var/lib/dbus/machine-id")
        for name in gone:
            (root / "etc" / name).unlink(missing_ok=True)
        (root / "etc/machine-id").write_text("")
        (root / "etc/default/locale").write_text("LANG=C.UTF-8\n")
        sources = STOCK_SOURCES.format(
            archive=self.recipes.archive,
            security=self.recipes.security,
            suite=self.recipes.suite,
            component=self.recipes.component,
            keyring=KEYRING,
        )
        (root / "etc/apt/sources.list.d/debian.sources").write_text(sources)


def remove_cache(cache: Path) -> None:
    """Remove every image and mirror."""
    shutil.rmtree(cache, ignore_errors=True)
