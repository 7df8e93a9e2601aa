"""Sign a host's request. Only the public key is taken from the request; everything else is the declaration's word."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shoko.trust.authority import SKEW, Authority, Issuer
from shoko.trust.errors import TrustError


@dataclass(frozen=True)
class Wanted:
    """A certificate as the declaration wants it. `roles` are in the form of names: hyphens, no underscores."""

    host: str
    name: str
    purpose: str
    common_name: str
    names: tuple[str, ...]  # DNS
    addresses: tuple[str, ...]
    roles: tuple[str, ...]
    internal_domain: str

    @property
    def public(self) -> bool:
        """Whether people see it: some name lies outside of the internal domain. Served only, never presented."""
        return any(not _below(name, self.internal_domain) for name in self.names)

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every DNS name in the certificate: the declared ones and, between hosts, the roles."""
        if self.public:
            return self.names
        return (*self.names, *(f"{role}.role.{self.internal_domain}" for role in self.roles))


def issue(authority: Authority, wanted: Wanted, request: str, *, life_days: int, now: datetime | None = None) -> str:
    """The signed certificate followed by its issuer, as PEM text.

    TrustError if the request is damaged, not signed by its own key, of another key type, or if a name lies
    outside of what the purpose may sign.
    """
    issuer = authority.issuer(wanted.purpose)
    key = _requested_key(wanted, request)
    _refuse_strangers(wanted, issuer)
    begin = now or datetime.now(UTC)
    end = begin + timedelta(days=life_days)
    if end > issuer.certificate.not_valid_after_utc:
        raise TrustError(
            f"the {wanted.purpose} authority ends on {issuer.certificate.not_valid_after_utc:%Y-%m-%d}, before a"
            f" certificate for {wanted.host} would: make a new authority first"
        )
    certificate = _certificate(wanted, issuer, key, begin, end)
    note(
        authority.directory,
        {
            "serial": f"{certificate.serial_number:x}",
            "host": wanted.host,
            "name": wanted.name,
            "purpose": wanted.purpose,
            "until": certificate.not_valid_after_utc.isoformat(),
        },
    )
    pem = serialization.Encoding.PEM
    return certificate.public_bytes(pem).decode() + issuer.certificate.public_bytes(pem).decode()


def _certificate(
    wanted: Wanted, issuer: Issuer, key: ec.EllipticCurvePublicKey, begin: datetime, end: datetime
) -> x509.Certificate:
    organization = issuer.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0]
    subject = x509.Name(
        [
            organization,
            *(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, role) for role in wanted.roles),
            x509.NameAttribute(NameOID.COMMON_NAME, wanted.common_name),
        ]
    )
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in wanted.all_names]
    alternatives += [x509.IPAddress(ip_address(address)) for address in wanted.addresses]
    usage = [ExtendedKeyUsageOID.SERVER_AUTH]
    if not wanted.public:
        usage.append(ExtendedKeyUsageOID.CLIENT_AUTH)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin - SKEW)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_leaf_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(issuer.key, hashes.SHA256())


def _leaf_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _requested_key(wanted: Wanted, request: str) -> ec.EllipticCurvePublicKey:
    where = f"signing request {wanted.name} of {wanted.host}"
    try:
        parsed = x509.load_pem_x509_csr(request.encode())
        own = parsed.is_signature_valid
        key = parsed.public_key()
    except (ValueError, UnsupportedAlgorithm) as reason:
        raise TrustError(f"{where} cannot be read: {reason}") from reason
    if not own:
        raise TrustError(f"{where} is not signed by its own key: it was altered on the way")
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise TrustError(f"{where} has a key that is not ECDSA P-256")
    return key


def _refuse_strangers(wanted: Wanted, issuer: Issuer) -> None:
    for name in wanted.all_names:
        if not any(_below(name, domain) for domain in issuer.domains):
            raise TrustError(
                f"the {wanted.purpose} authority may not sign {name!r} (only names in {', '.join(issuer.domains)}):"
                " the authority was made before this name was declared"
            )


def _below(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


def note(directory: Path, signed: Mapping[str, str]) -> None:
    """Add one line to the record; a single short append does not interleave with others (POSIX write)."""
    line = json.dumps(signed, sort_keys=True)
    record = os.open(directory / "issued.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(record, f"{line}\n".encode())
    finally:
        os.close(record)
