"""Key pairs of day 0: the controller's, and every managed host's own. Made once, outside git, stable across runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from shoko.bootstrap.errors import BootstrapError


@dataclass(frozen=True)
class KeyPair:
    """An Ed25519 pair: the private key in OpenSSH's format, the public one as "ssh-ed25519 AAAA…"."""

    private: bytes
    public: str


@dataclass(frozen=True)
class Keys:
    """All key pairs of a site."""

    controller: KeyPair
    hosts: dict[str, KeyPair]


def pair_of(private: bytes) -> KeyPair:
    """Return the pair of a private key in OpenSSH's format. Raises ValueError if it is none."""
    key = load_ssh_private_key(private, password=None)
    return KeyPair(private, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode())


def ensure_keys(directory: Path, hosts: Iterable[str]) -> Keys:
    """Read the site's keys from a directory, making those that are missing (mode 0600 in a directory of mode 0700).

    Files are `controller` and `hosts/NAME`, each with its `.pub`. Raises BootstrapError for a file that is no key.
    """
    for folder in (directory, directory / "hosts"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    return Keys(
        controller=ensure_pair(directory / "controller", "shoko-controller"),
        hosts={name: ensure_pair(directory / "hosts" / name, name) for name in hosts},
    )


def ensure_pair(path: Path, comment: str) -> KeyPair:
    """Return the pair of a private key file, made (0600, with its `.pub`) if there is none. Raises BootstrapError."""
    if not path.exists():
        private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        # In place by rename, so that an interrupted run leaves no half key behind.
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(private)
        fresh.rename(path)
    try:
        pair = pair_of(path.read_bytes())
    except ValueError as error:
        raise BootstrapError(f"{path}: not an unencrypted OpenSSH private key ({error}); remove it") from error
    public = path.with_name(path.name + ".pub")
    line = f"{pair.public} {comment}\n"
    if not public.exists() or public.read_text() != line:
        public.write_text(line)
    return pair
