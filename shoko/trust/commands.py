"""`shoko trust`: make the authority once, show it, and sign the certificates by which people log in."""

import argparse
import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from shoko.declaration.load import site_directory
from shoko.trust.authority import PURPOSES, create_authority, default_directory, open_authority
from shoko.trust.errors import TrustError
from shoko.trust.people import ensure_issuer, sign, until
from shoko.window.duration import duration
from shoko.window.look import open_until
from shoko.window.remote import ssh_config

if TYPE_CHECKING:
    from shoko.declaration.model import Declaration

CHECKOUT = Path(__file__).resolve().parents[2]


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `trust` with its verbs to the `shoko` command."""
    trust = subparsers.add_parser("trust", help="the site's own certificate authority")
    verbs = trust.add_subparsers(dest="verb", required=True)
    init = verbs.add_parser("init", help="make the authority, once; adds what is missing if it is there")
    init.add_argument(
        "--encrypt-root", action="store_true", help="protect the root's key by a passphrase, asked for twice"
    )
    show = verbs.add_parser("show", help="print the authorities, their fingerprints and how long they last")
    sign = verbs.add_parser(
        "ssh-certificate",
        help="let a person log in with SSH for some hours",
        description="Signs the SSH key that the declaration has of a person, for that person's account. It ends with "
        "the account, and a vendor's with the window that is open; without an open window there is none.",
    )
    sign.add_argument("person", metavar="PERSON")
    sign.add_argument("--for", dest="length", required=True, metavar="TIME", help="30m, 4h; at most 8h")
    sign.add_argument("--out", type=Path, metavar="FILE", help="where to write it, as KEY-cert.pub (default: print it)")
    for verb, function in ((init, _init), (show, _show), (sign, _ssh_certificate)):
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
        ensure_issuer(directory)
        print(f"the authority of {declaration.key} is in {directory}")
        return 0
    passphrase = _ask_passphrase() if arguments.encrypt_root else None
    create_authority(directory, declaration.key, domains_of(declaration), passphrase=passphrase)
    ensure_issuer(directory)
    print(f"made the authority of {declaration.key} in {directory}; keep root.key where no network reaches it")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    declaration, directory = _site(arguments)
    authority = open_authority(directory, declaration.key)
    for name in ("root.pem", *(f"{purpose}/issuer.pem" for purpose in PURPOSES)):
        certificate = x509.load_pem_x509_certificate(authority.text(name).encode())
        digest = certificate.fingerprint(hashes.SHA256()).hex(":")
        print(f"{name:18} until {certificate.not_valid_after_utc:%Y-%m-%d}  {digest}")
    print(f"{'people/issuer':18} {ensure_issuer(directory)}")
    return 0


def _ssh_certificate(arguments: argparse.Namespace) -> int:
    declaration, directory = _site(arguments)
    open_authority(directory, declaration.key)
    now, name = datetime.now(UTC), arguments.person
    person = declaration.people.get(name)
    window = None
    if person is not None and person.kind == "vendor":
        window = open_until(declaration, ssh_config(site_directory(arguments.inventory)), name, now)
    end = until(declaration, name, duration(arguments.length), window, now)
    signed = sign(directory, declaration, name, end, now)
    if arguments.out is None:
        print(signed.certificate, end="")
    else:
        arguments.out.write_text(signed.certificate, encoding="utf-8")
    local = signed.until.astimezone(ZoneInfo(declaration.timezone)).strftime("%Y-%m-%d %H:%M %Z")
    print(f"{name} may log in until {local}", file=sys.stderr)
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
