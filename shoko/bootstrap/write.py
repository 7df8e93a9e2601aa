"""Everything that `shoko bootstrap` leaves in a directory for the people who install a real site."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from shoko.bootstrap.access import known_hosts, ssh_config
from shoko.bootstrap.archive import archive
from shoko.bootstrap.errors import BootstrapError
from shoko.bootstrap.keys import ensure_keys
from shoko.bootstrap.preseed import preseed
from shoko.bootstrap.render import render
from shoko.bootstrap.sheet import sheet
from shoko.declaration.model import Declaration


def write(declaration: Declaration, out: Path, keys_directory: Path | None) -> list[Path]:
    """Write archives, installer answers, ssh configuration and the sheet; return what was written.

    Keys already there are kept, so that a second run changes nothing. Raises BootstrapError for a place that git
    would take into its history.
    """
    out = out.resolve()
    keys_directory = (keys_directory or out / "keys").resolve()
    for place in (out, keys_directory):
        _refuse_tracked(place)
    keys = ensure_keys(keys_directory, declaration.hosts)
    rendered = render(declaration, keys)
    out.mkdir(parents=True, exist_ok=True)
    out.chmod(0o700)
    written: list[Path] = []

    def put(name: str, content: bytes, mode: int) -> None:
        path = out / name
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
            stream.write(content)
        written.append(path)

    for name, content in rendered.items():
        put(f"hosts/{name}.tar", archive(content), 0o600)
        put(f"preseed/{name}.cfg", preseed(declaration, declaration.hosts[name], content).encode(), 0o644)
    put("known_hosts", known_hosts(declaration, keys).encode(), 0o644)
    config = ssh_config(declaration, str(keys_directory / "controller"), str(out / "known_hosts"))
    put("ssh_config", config.encode(), 0o644)
    put("sheet.ja.html", sheet(declaration, keys).encode(), 0o644)
    return written


def _refuse_tracked(place: Path) -> None:
    """Private keys never come where `git add` would find them."""
    existing = next(path for path in (place, *place.parents) if path.is_dir())
    inside = subprocess.run(
        ["git", "-C", existing, "rev-parse", "--is-inside-work-tree"], capture_output=True, check=False
    )
    if inside.returncode != 0:
        return
    ignored = subprocess.run(
        ["git", "-C", existing, "check-ignore", "--quiet", f"{place}/x"], capture_output=True, check=False
    )
    if ignored.returncode != 0:
        raise BootstrapError(f"{place}: lies in a git work tree, where private keys must not be; choose another place")
