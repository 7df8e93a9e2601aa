"""What an installer leaves on a host, as plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """A file: absolute path, content, permission bits, owner (a user that a bare Debian has)."""

    path: str
    content: bytes
    mode: int = 0o644
    owner: str = "root"

    @property
    def secret(self) -> bool:
        """True if nobody but its owner may read it."""
        return not self.mode & 0o077


@dataclass(frozen=True)
class DayZero:
    """Everything that makes a bare Debian 13 a host that Ansible reaches, and nothing more.

    `links` are symbolic links (path, target) that enable the units of `enable`; `packages` have to be installed by
    the installer; `commands` create what files cannot (the administrator) and run once inside the host, after the
    files are there. On a first boot systemd does the same by itself (systemd-sysusers, systemd-tmpfiles).
    """

    files: tuple[File, ...]
    links: tuple[tuple[str, str], ...]
    enable: tuple[str, ...]
    packages: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...]
