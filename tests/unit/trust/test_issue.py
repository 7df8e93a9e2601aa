"""What a host gets signed, judged by OpenSSL as the products do."""

import base64
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from shoko.trust import PURPOSES, Authority, TrustError, Wanted, issue

Make = Callable[..., Wanted]
Request = Callable[..., str]
NAME_OF = {"entry": "opac.library.example"}


def leaf(pem: str) -> x509.Certificate:
    """The first certificate of a chain."""
    return x509.load_pem_x509_certificates(pem.encode())[0]


def openssl_verify(tmp_path: Path, anchor: str, chain: str, purpose: str = "sslclient") -> tuple[int, str]:
    """Verify as a peer would that got the whole chain and believes the anchor alone."""
    (tmp_path / "anchor.pem").write_text(anchor)
    (tmp_path / "chain.pem").write_text(chain)
    files = ["-CAfile", tmp_path / "anchor.pem", "-untrusted", tmp_path / "chain.pem", tmp_path / "chain.pem"]
    command = ["openssl", "verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-purpose", purpose, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_purpose_believes_its_own_certificates_and_no_others(
    authority: Authority, wanted: Make, request_for: Request, tmp_path: Path, purpose: str
) -> None:
    name = NAME_OF.get(purpose, "rp1.shoko.internal")
    chain = issue(authority, wanted(purpose=purpose, names=(name,)), request_for(), life_days=30)
    for anchor in PURPOSES:
        code, said = openssl_verify(tmp_path, authority.text(f"{anchor}/anchor.pem"), chain, "sslserver")
        assert (code == 0) == (anchor == purpose), f"{purpose} at {anchor}: {said}"
    assert openssl_verify(tmp_path, authority.text("root.pem"), chain, "sslserver")[0] == 0


def test_names_come_from_the_declaration_and_never_from_the_request(
    authority: Authority, wanted: Make, request_for: Request
) -> None:
    asked = request_for("-addext", "subjectAltName=DNS:log1.shoko.internal")
    certificate = leaf(issue(authority, wanted(), asked, life_days=30))
    assert certificate.subject.rfc4514_string() == "CN=rp1.shoko.internal,OU=reverse-proxies,O=town"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [
        "rp1.shoko.internal",
        "reverse-proxies.role.shoko.internal",
    ]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["198.51.100.21"]


def test_a_client_without_names_still_carries_its_roles(
    authority: Authority, wanted: Make, request_for: Request
) -> None:
    client = wanted(name="ils-public", purpose="data", common_name="ils_public", names=(), addresses=())
    certificate = leaf(issue(authority, client, request_for(), life_days=30))
    assert certificate.subject.rfc4514_string() == "CN=ils_public,OU=reverse-proxies,O=town"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["reverse-proxies.role.shoko.internal"]


def test_public_certificates_cannot_be_used_by_clients(
    authority: Authority, wanted: Make, request_for: Request, tmp_path: Path
) -> None:
    public = wanted(name="opac", purpose="entry", names=("opac.library.example",))
    chain = issue(authority, public, request_for(), life_days=30)
    anchor = authority.text("entry/anchor.pem")
    assert openssl_verify(tmp_path, anchor, chain, "sslserver")[0] == 0
    code, said = openssl_verify(tmp_path, anchor, chain, "sslclient")
    assert code != 0
    assert "unsuitable certificate purpose" in said


def test_life_begins_five_minutes_ago_and_ends_as_asked(
    authority: Authority, wanted: Make, request_for: Request
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    certificate = leaf(issue(authority, wanted(), request_for(), life_days=30, now=now))
    assert certificate.not_valid_before_utc == now - timedelta(minutes=5)
    assert certificate.not_valid_after_utc == now + timedelta(days=30)


def test_a_leaf_never_outlives_its_issuer(authority: Authority, wanted: Make, request_for: Request) -> None:
    with pytest.raises(TrustError, match="make a new authority first"):
        issue(authority, wanted(), request_for(), life_days=2000)


@pytest.mark.parametrize("name", ["bank.example", "evilshoko.internal", "shoko.internal.example"])
def test_a_name_outside_the_purpose_is_refused(
    authority: Authority, wanted: Make, request_for: Request, name: str
) -> None:
    with pytest.raises(TrustError, match="may not sign"):
        issue(authority, wanted(names=(name,)), request_for(), life_days=30)


def test_an_altered_request_is_refused(authority: Authority, wanted: Make, request_for: Request) -> None:
    body = base64.b64decode("".join(request_for().splitlines()[1:-1]))
    altered = base64.encodebytes(body.replace(b"whatever", b"whatevex")).decode()
    pem = f"-----BEGIN CERTIFICATE REQUEST-----\n{altered}-----END CERTIFICATE REQUEST-----\n"
    with pytest.raises(TrustError, match="altered on the way"):
        issue(authority, wanted(), pem, life_days=30)


@pytest.mark.parametrize("damage", [lambda pem: "", lambda pem: pem[:120], lambda pem: pem.replace("M", "!", 1)])
def test_a_damaged_request_is_refused(
    authority: Authority, wanted: Make, request_for: Request, damage: Callable[[str], str]
) -> None:
    with pytest.raises(TrustError, match="logs of rp1 cannot be read"):
        issue(authority, wanted(), damage(request_for()), life_days=30)


def test_another_kind_of_key_is_refused(authority: Authority, wanted: Make, request_for: Request) -> None:
    with pytest.raises(TrustError, match="not ECDSA P-256"):
        issue(authority, wanted(), request_for(algorithm=("ED25519",)), life_days=30)


def test_an_unknown_purpose_is_refused(authority: Authority, wanted: Make, request_for: Request) -> None:
    with pytest.raises(TrustError, match="'mail' is unknown"):
        issue(authority, wanted(purpose="mail"), request_for(), life_days=30)


def test_every_signature_is_recorded(authority: Authority, wanted: Make, request_for: Request) -> None:
    certificate = leaf(issue(authority, wanted(host="rp2"), request_for(), life_days=30))
    last = json.loads((authority.directory / "issued.jsonl").read_text().splitlines()[-1])
    assert (last["host"], last["serial"]) == ("rp2", f"{certificate.serial_number:x}")
