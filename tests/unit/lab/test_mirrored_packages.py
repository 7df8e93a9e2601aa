"""Recipes, Debian's indexes, and that the mirror carries what the roles install."""

import lzma
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from shoko.lab import mirror
from shoko.lab.deb_index import parse_packages, read_packages, release_hash, valid_until
from shoko.lab.errors import LabError
from shoko.lab.mirror import suites
from shoko.lab.recipes import load_recipes, role_packages

ROOT = Path(__file__).resolve().parents[3]
RELEASE = """\
Origin: Debian
Valid-Until: Thu, 26 Nov 2026 02:12:54 UTC
MD5Sum:
 0123 10 main/binary-amd64/Packages.xz
SHA256:
 aaaa 10 main/binary-amd64/Packages
 bbbb 11 main/binary-amd64/Packages.xz
SHA512:
 cccc 11 main/binary-amd64/Packages.xz
"""
PACKAGES = """\
Package: acl
Version: 2.3.2-2
Section: utils
Filename: pool/main/a/acl/acl_2.3.2-2_amd64.deb
Size: 100
SHA256: 11

Package: bash
Version: 5.2-1
Filename: pool/main/b/bash/bash_5.2-1_amd64.deb
Size: 200
SHA256: 22
"""


def test_a_release_file_gives_the_sha256_of_a_file():
    assert release_hash(RELEASE, "main/binary-amd64/Packages.xz") == "bbbb"
    with pytest.raises(LabError, match="lists no main/Contents"):
        release_hash(RELEASE, "main/Contents")


def test_a_release_file_tells_until_when_it_counts():
    assert valid_until(RELEASE) == datetime(2026, 11, 26, 2, 12, 54, tzinfo=UTC)
    assert valid_until("Origin: Debian\n") is None


def test_packages_are_read_from_the_compressed_index(tmp_path):
    path = tmp_path / "Packages.xz"
    path.write_bytes(lzma.compress(PACKAGES.encode()))
    assert [(package.name, package.sha256, package.size) for package in read_packages(path)] == [
        ("acl", "11", 100),
        ("bash", "22", 200),
    ]


def test_a_stanza_without_a_digest_is_refused():
    with pytest.raises(LabError, match="acl lacks 'SHA256'"):
        list(parse_packages(["Package: acl\n", "Version: 1\n", "Filename: x\n", "Size: 1\n"]))


def test_every_listed_package_has_its_reason():
    text = (ROOT / "shoko/lab/recipes.yml").read_text()
    bare = [line for line in text.splitlines() if re.match(r"\s+- \S+\s*$", line)]
    assert not bare


def test_a_change_of_a_layer_makes_a_new_image_of_that_layer_only():
    recipes = load_recipes()
    switch = replace(recipes.layers["switch"], packages=(*recipes.layers["switch"].packages, "jq"))
    changed = replace(recipes, layers={**recipes.layers, "switch": switch})
    assert changed.image_digest("switch") != recipes.image_digest("switch")
    assert changed.image_digest("gateway") == recipes.image_digest("gateway")
    assert changed.mirror_digest() != recipes.mirror_digest()


def test_the_mirror_carries_what_the_roles_install(tmp_path):
    defaults = tmp_path / "web/defaults/main.yml"
    defaults.parent.mkdir(parents=True)
    defaults.write_text("web_packages: [nginx, openssl]\nweb_more_packages: [curl]\nweb_port: 80\n")
    assert role_packages(tmp_path) == {"web": ("nginx", "openssl", "curl")}
    assert load_recipes(roles=tmp_path).purposes()["role web"] == ("nginx", "openssl", "curl")


def test_a_package_list_that_is_not_plain_is_refused_with_its_place(tmp_path):
    defaults = tmp_path / "web/defaults/main.yml"
    defaults.parent.mkdir(parents=True)
    defaults.write_text("web_packages: ['{{ something }}']\n")
    with pytest.raises(LabError, match=r"web/defaults/main\.yml: web_packages: .* is no Debian package name"):
        role_packages(tmp_path)


def test_every_package_task_of_the_roles_takes_its_list_from_the_defaults():
    """Otherwise the mirror would not know of it, and a lab host would meet a 404."""
    literal = []
    for path in ROOT.glob("roles/*/tasks/*.yml"):
        for task in yaml.safe_load(path.read_text()) or []:
            given = task.get("shoko.core.packages", {}).get("packages", "{{ x_packages }}")
            if not re.search(r"\w+_packages\b", str(given)):
                literal.append(f"{path.relative_to(ROOT)}: {task['name']}")
    assert not literal


def expired_mirror(cache: Path) -> Path:
    """Make a complete mirror whose Valid-Until has passed."""
    tree = cache / f"mirror-{load_recipes().mirror_digest()}"
    for suite in suites(load_recipes()):
        folder = tree / suite.archive / "dists" / suite.name
        folder.mkdir(parents=True)
        (folder / "InRelease").write_text("Valid-Until: Thu, 26 Nov 2020 02:12:54 UTC\n")
    return tree


def no_network() -> None:
    raise LabError("no route to the archive")


def test_without_a_network_an_expired_mirror_stays_and_that_is_said(tmp_path, monkeypatch, capsys):
    tree = expired_mirror(tmp_path)
    monkeypatch.setattr(mirror, "find_archives", no_network)
    assert mirror.ensure_mirror(tmp_path, load_recipes()) == tree
    assert "not renewed, the old one stays: no route to the archive" in capsys.readouterr().err


def test_without_a_network_and_a_mirror_there_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(mirror, "find_archives", no_network)
    with pytest.raises(LabError, match="no route"):
        mirror.ensure_mirror(tmp_path, load_recipes())
