"""The public certificate authority of the lab's internet: what Debian's ca-certificates is elsewhere.

One per machine, beside the images that trust it. It signs the web sites of `world` and nothing of the site.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shoko.lab.locking import locked

LIFE = timedelta(days=3650)
SITE_LIFE = timedelta(days=397)  # the longest that browsers accept of a public authority
RENEW = timedelta(days=30)
_EARLIER = timedelta(hours=1)


class PublicAuthority:
    """The authority in the shared cache; made at first use."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / "public-authority"

    def certificate(self) -> str:
        """Return its certificate (PEM), making the authority if there is none."""
        self._ensure()
        return (self._folder / "ca.pem").read_text()

    def _ensure(self) -> None:
        with locked(self._folder.with_suffix(".lock"), "making the lab's public authority"):
            if (self._folder / "ca.pem").exists():
                return
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            key = ec.generate_private_key(ec.SECP256R1())
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lab Public Authority")])
            certificate = (
                _builder(name, name, key.public_key(), LIFE)
                .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                .add_extension(_usage(signs=True), critical=True)
                .sign(key, hashes.SHA256())
            )
            _write_key(self._folder / "ca.key", key)
            (self._folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def site_pair(self, folder: Path, names: Sequence[str]) -> tuple[str, str]:
        """Return (certificate, key) as PEM for web sites, kept in `folder` until it nears its end."""
        self._ensure()
        certificate_file, key_file = folder / "world.pem", folder / "world.key"
        if certificate_file.exists() and key_file.exists():
            present = x509.load_pem_x509_certificate(certificate_file.read_bytes())
            if self._still_good(present, names):
                return certificate_file.read_text(), key_file.read_text()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        issuer = x509.load_pem_x509_certificate((self._folder / "ca.pem").read_bytes())
        issuer_key = serialization.load_pem_private_key((self._folder / "ca.key").read_bytes(), None)
        if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
            raise TypeError("the lab's public authority has a key of another kind")
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        certificate = (
            _builder(subject, issuer.subject, key.public_key(), SITE_LIFE)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(alternatives, critical=False)
            .sign(issuer_key, hashes.SHA256())
        )
        _write_key(key_file, key)
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return certificate_file.read_text(), key_file.read_text()

    def _still_good(self, present: x509.Certificate, names: Sequence[str]) -> bool:
        issuer = x509.load_pem_x509_certificate((self._folder / "ca.pem").read_bytes())
        san = present.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        try:
            present.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):  # the authority was made anew since
            return False
        covers = set(names) <= set(san.get_values_for_type(x509.DNSName))
        return covers and present.not_valid_after_utc - RENEW > datetime.now(UTC)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, life: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + life)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
