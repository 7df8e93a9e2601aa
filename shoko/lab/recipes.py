"""Read `recipes.yml`: which packages the lab's images hold and which the mirror carries."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shoko.lab.errors import LabError
from shoko.lab.settings import CHECKOUT

_PACKAGE = re.compile(r"^[a-z0-9][a-z0-9+.-]+$")  # Debian policy 5.6.1
RECIPES = Path(__file__).with_name("recipes.yml")
# What else decides an image: a change in how it is built makes a new one.
IMAGE_CODE = [Path(__file__).with_name(name) for name in ("image.py", "build_image.sh")]


@dataclass(frozen=True)
class Layer:
    """Packages of one image, units switched off and on in it, and whether its hosts get /dev/net/tun."""

    name: str
    packages: tuple[str, ...]
    disable: tuple[str, ...]
    enable: tuple[str, ...]
    tun: bool


@dataclass(frozen=True)
class Recipes:
    """The whole file, checked."""

    suite: str
    arch: str
    component: str
    archive: str
    security: str
    base: Layer
    layers: dict[str, Layer]
    also: dict[str, tuple[str, ...]]
    roles: dict[str, tuple[str, ...]]

    def purposes(self) -> dict[str, tuple[str, ...]]:
        """Package lists to be resolved one by one for the mirror, by purpose."""
        lists = {"base": self.base.packages}
        lists |= {f"layer {name}": layer.packages for name, layer in self.layers.items()}
        lists |= {f"also {name}": packages for name, packages in self.also.items()}
        return lists | {f"role {name}": packages for name, packages in self.roles.items()}

    def mirror_digest(self) -> str:
        """Digest of what decides the mirror's contents."""
        return _digest({"suite": self.suite, "arch": self.arch, "purposes": self.purposes()})

    def image_digest(self, layer: str) -> str:
        """Digest of what decides an image's contents: base alone, or base and the layer."""
        parts = [self.base] if layer == "base" else [self.base, self.layers[layer]]
        how = [path.read_text() for path in IMAGE_CODE]
        return _digest({"suite": self.suite, "arch": self.arch, "parts": parts, "how": how})


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:12]


def _layer(name: str, body: Any, path: Path) -> Layer:
    try:
        return Layer(name, tuple(body["packages"]), tuple(body["disable"]), tuple(body["enable"]), bool(body["tun"]))
    except (KeyError, TypeError) as wrong:
        raise LabError(f"{path}: {name}: needs `packages`, `disable`, `enable`, `tun` ({wrong})") from wrong


def role_packages(roles: Path) -> dict[str, tuple[str, ...]]:
    """Return what each role installs: every list `…packages` of its defaults, in alphabetical order of roles."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(roles.glob("*/defaults/main.yml")):
        names: list[str] = []
        for key, value in (yaml.safe_load(path.read_text()) or {}).items():
            if key.endswith("packages") and isinstance(value, list):
                names += [_package(name, path, key) for name in value]
        if names:
            found[path.parts[-3]] = tuple(dict.fromkeys(names))
    return found


def _package(name: object, path: Path, key: str) -> str:
    if not isinstance(name, str) or not _PACKAGE.match(name):
        raise LabError(f"{path}: {key}: {name!r} is no Debian package name, and the lab's mirror needs plain ones")
    return name


def load_recipes(path: Path = RECIPES, roles: Path = CHECKOUT / "roles") -> Recipes:
    """Read and check the recipe file and the roles' package lists; raise LabError naming what is wrong."""
    body = yaml.safe_load(path.read_text())
    try:
        layers = {name: _layer(name, layer, path) for name, layer in body["layers"].items()}
        return Recipes(
            suite=body["suite"],
            arch=body["arch"],
            component=body["component"],
            archive=body["archive"],
            security=body["security"],
            base=_layer("base", body["base"], path),
            layers=layers,
            also={name: tuple(packages) for name, packages in body["also"].items()},
            roles=role_packages(roles),
        )
    except (KeyError, AttributeError, TypeError) as wrong:
        raise LabError(f"{path}: missing or malformed key: {wrong}") from wrong
