"""The authority's directory: made once, outside git, and opened by whoever signs.

    root.pem  root.key          self-signed; the key is needed only here and can be taken away afterwards
    authority.json              which site it belongs to, which names each purpose may be asked for
    <purpose>/issuer.pem        the issuing authority, signed by the root: goes into the chain a host presents
    <purpose>/anchor.pem        the same key and name, self-signed: what a host of that purpose believes
    <purpose>/issuer.key        signs leaves; stays on the control node
    people/issuer               signs the SSH certificates of people (an OpenSSH pair; `shoko/trust/people.py`)
    issued.jsonl                one line per certificate signed

Why two forms: OpenSSL accepts a chain only up to a self-signed certificate. Were the root that anchor, a
certificate of any purpose would pass everywhere. With the self-signed twin as the only anchor, just the leaves of
this purpose have a path (RFC 5280, 6.1: a trust anchor is a name and a key).
"""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shoko.trust.errors import TrustError

PURPOSES = ("entry", "data", "logs", "ils")
ROOT_LIFE = timedelta(days=3653)
ISSUER_LIFE = timedelta(days=1827)
SKEW = timedelta(minutes=5)  # clocks that lag a little must not find a new certificate invalid


@dataclass(frozen=True)
class Issuer:
    """One purpose's issuing authority, with its key in hand."""

    purpose: str
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    domains: tuple[str, ...]  # DNS names at or below these may be signed


@dataclass(frozen=True)
class Authority:
    """An opened authority directory."""

    directory: Path
    site: str

    def text(self, name: str) -> str:
        """The PEM text of a certificate below the directory, such as `root.pem` or `logs/anchor.pem`."""
        return _read(self.directory / name).decode()

    def issuer(self, purpose: str) -> Issuer:
        """The issuing authority of a purpose; TrustError if it or its key is not here."""
        if purpose not in PURPOSES:
            raise TrustError(f"certificate purpose {purpose!r} is unknown (one of {', '.join(PURPOSES)})")
        folder = self.directory / purpose
        key = serialization.load_pem_private_key(_read(folder / "issuer.key"), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TrustError(f"{folder / 'issuer.key'} is not an elliptic-curve key: restore it from backup")
        certificate = x509.load_pem_x509_certificate(_read(folder / "issuer.pem"))
        if certificate.public_key() != key.public_key():
            raise TrustError(f"{folder}: issuer.pem and issuer.key do not belong together: restore both")
        domains = tuple(_described(self.directory)[1][purpose])
        return Issuer(purpose, certificate, key, domains)


def default_directory(site: str, checkout: Path) -> Path:
    """Where a site's authority lies unless told otherwise: never in git."""
    return checkout / ".lab" / "ca" if site == "lab" else Path.home() / ".shoko" / site / "ca"


def open_authority(directory: Path, site: str) -> Authority:
    """Open an existing authority; TrustError if there is none or it belongs to another site."""
    if not (directory / "authority.json").is_file():
        raise TrustError(f"no certificate authority in {directory}: run `shoko trust init -i inventories/{site}`")
    owner, _ = _described(directory)
    if owner != site:
        raise TrustError(f"{directory} is the authority of site {owner!r}, not of {site!r}: name another directory")
    return Authority(directory, site)


def create_authority(
    directory: Path,
    site: str,
    domains: Mapping[str, Sequence[str]],
    *,
    passphrase: bytes | None = None,
    now: datetime | None = None,
) -> Authority:
    """Make root and issuing authorities, all or nothing; TrustError if something is there already.

    `domains` gives per purpose below which DNS names it may sign; that is also written into the issuing
    certificates as a name constraint. `passphrase` encrypts the root's key. `now` is for tests.
    """
    if directory.exists():
        raise TrustError(f"{directory} exists: an authority is made once; move it away to make another")
    missing = [purpose for purpose in PURPOSES if not domains.get(purpose)]
    if missing:
        raise TrustError(f"no domain given for purpose {', '.join(missing)}: every purpose needs at least one")
    begin = now or datetime.now(UTC)
    directory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    building = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        _fill(building, site, domains, passphrase, begin)
        building.rename(directory)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return Authority(directory, site)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read."""
    path.touch(mode=0o600)
    path.write_bytes(content)


def _fill(
    folder: Path, site: str, domains: Mapping[str, Sequence[str]], passphrase: bytes | None, begin: datetime
) -> None:
    root_key = ec.generate_private_key(ec.SECP256R1())
    root_name = _name(site, "root")
    root_signer = _Signer(root_name, root_key)
    root = _authority_certificate(root_signer, root_signer, begin, ROOT_LIFE, path_length=1)
    write_private(folder / "root.key", _key_bytes(root_key, passphrase))
    (folder / "root.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    for purpose in PURPOSES:
        below = folder / purpose
        below.mkdir(mode=0o700)
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(site, purpose)
        constrained = tuple(domains[purpose])
        own = _Signer(name, key)
        signed = _authority_certificate(own, root_signer, begin, ISSUER_LIFE, domains=constrained)
        anchor = _authority_certificate(own, own, begin, ISSUER_LIFE, domains=constrained)
        write_private(below / "issuer.key", _key_bytes(key, None))
        (below / "issuer.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        (below / "anchor.pem").write_bytes(anchor.public_bytes(serialization.Encoding.PEM))
    described = {"site": site, "domains": {purpose: list(domains[purpose]) for purpose in PURPOSES}}
    (folder / "authority.json").write_text(json.dumps(described, indent=1, sort_keys=True) + "\n")


@dataclass(frozen=True)
class _Signer:
    name: x509.Name
    key: ec.EllipticCurvePrivateKey


def _authority_certificate(
    subject: _Signer,
    issuer: _Signer,
    begin: datetime,
    life: timedelta,
    *,
    path_length: int = 0,
    domains: tuple[str, ...] = (),
) -> x509.Certificate:
    public = subject.key.public_key()
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject.name)
        .issuer_name(issuer.name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin - SKEW)
        .not_valid_after(begin + life)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_signing_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(issuer_id, critical=False)
    )
    if domains:
        permitted = [x509.DNSName(domain) for domain in domains]
        builder = builder.add_extension(x509.NameConstraints(permitted, None), critical=True)
    return builder.sign(issuer.key, hashes.SHA256())


def _signing_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _name(site: str, what: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, site),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Shoko {site} {what}"),
        ]
    )


def _key_bytes(key: ec.EllipticCurvePrivateKey, passphrase: bytes | None) -> bytes:
    protection: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)


def _described(directory: Path) -> tuple[str, dict[str, list[str]]]:
    """Which site the authority belongs to, and per purpose the domains it may sign."""
    found = json.loads(_read(directory / "authority.json"))
    return found["site"], found["domains"]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as reason:
        raise TrustError(f"{path}: {reason.strerror}: the authority is incomplete, restore it from backup") from reason
