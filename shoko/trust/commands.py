"""`shoko trust`: make the authority once, and show it."""

import argparse
import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from shoko.trust.authority import PURPOSES, create_authority, default_directory, open_authority
from shoko.trust.errors import TrustError

if TYPE_CHECKING:
    from shoko.declaration.model import Declaration

CHECKOUT = Path(__file__).resolve().parents[2]


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `trust` with its verbs to the `shoko` command."""
    trust = subparsers.add_parser("trust", help="the site's own certificate authority")
    verbs = trust.add_subparsers(dest="verb", required=True)
    init = verbs.add_parser("init", help="make the authority, once; does nothing if it is there")
    init.add_argument(
        "--encrypt-root", action="store_true", help="protect the root's key by a passphrase, asked for twice"
    )
    show = verbs.add_parser("show", help="print the authorities, their fingerprints and how long they last")
    for verb, function in ((init, _init), (show, _show)):
        verb.add_argument("-i", "--inventory", required=True, type=Path, metavar="SITE")
        verb.add_argument("--ca-dir", type=Path, help="directory of the authority (default: outside git, per site)")
        verb.set_defaults(run=function)


def domains_of(declaration: "Declaration") -> dict[str, tuple[str, ...]]:
    """Below which DNS names each purpose may sign: the internal domain, and where people look, the public ones."""
    inside = (declaration.internal_domain,)
    public = {declaration.domain}
    for name in (name for entry in declaration.names.values() for name in entry.names):
        if not name.endswith(f".{declaration.domain}"):
            public.add(name.partition(".")[2] or name)
    seen_by_people = (*sorted(public), *inside)
    return dict.fromkeys(PURPOSES, inside) | {"entry": seen_by_people, "ils": seen_by_people}


def _init(arguments: argparse.Namespace) -> int:
    declaration, directory = _site(arguments)
    if (directory / "authority.json").is_file():
        open_authority(directory, declaration.key)
        print(f"the authority of {declaration.key} is in {directory}")
        return 0
    passphrase = _ask_passphrase() if arguments.encrypt_root else None
    create_authority(directory, declaration.key, domains_of(declaration), passphrase=passphrase)
    print(f"made the authority of {declaration.key} in {directory}; keep root.key where no network reaches it")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    declaration, directory = _site(arguments)
    authority = open_authority(directory, declaration.key)
    for name in ("root.pem", *(f"{purpose}/issuer.pem" for purpose in PURPOSES)):
        certificate = x509.load_pem_x509_certificate(authority.text(name).encode())
        digest = certificate.fingerprint(hashes.SHA256()).hex(":")
        print(f"{name:18} until {certificate.not_valid_after_utc:%Y-%m-%d}  {digest}")
    return 0


def _site(arguments: argparse.Namespace) -> "tuple[Declaration, Path]":
    from shoko.declaration import load  # noqa: PLC0415 - `shoko --help` need not read the schema

    site = arguments.inventory.parent if arguments.inventory.is_file() else arguments.inventory
    declaration = load(site)
    return declaration, arguments.ca_dir or default_directory(declaration.key, CHECKOUT)


def _ask_passphrase() -> bytes:
    first = getpass.getpass("Passphrase for the root's key: ")
    if not first:
        raise TrustError("the passphrase is empty: leave --encrypt-root out for a key without one")
    if getpass.getpass("Again: ") != first:
        raise TrustError("the two passphrases differ: nothing was made")
    return first.encode()
