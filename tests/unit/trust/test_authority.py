"""The authority directory: made once, whole or not at all, and never taken for another site's."""

import json
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from shoko.trust import PURPOSES, Authority, TrustError, create_authority, default_directory, open_authority

from .conftest import DOMAINS


def test_no_key_is_readable_by_others(authority: Authority) -> None:
    keys = sorted(authority.directory.rglob("*.key"))
    assert len(keys) == 1 + len(PURPOSES)
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_anchor_is_the_issuer_in_self_signed_form(authority: Authority, purpose: str) -> None:
    issuer = x509.load_pem_x509_certificate(authority.text(f"{purpose}/issuer.pem").encode())
    anchor = x509.load_pem_x509_certificate(authority.text(f"{purpose}/anchor.pem").encode())
    root = x509.load_pem_x509_certificate(authority.text("root.pem").encode())
    issuer.verify_directly_issued_by(root)
    anchor.verify_directly_issued_by(anchor)
    assert anchor.public_key() == issuer.public_key()
    assert anchor.subject == issuer.subject


def test_a_second_authority_never_replaces_the_first(authority: Authority) -> None:
    before = authority.text("root.pem")
    with pytest.raises(TrustError, match="made once"):
        create_authority(authority.directory, "town", DOMAINS)
    assert authority.text("root.pem") == before


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="No space"):
        create_authority(tmp_path / "ca", "town", DOMAINS)
    assert list(tmp_path.iterdir()) == []


def test_a_purpose_without_domain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="purpose data"):
        create_authority(tmp_path / "ca", "town", {**DOMAINS, "data": ()})


def test_the_root_key_can_be_encrypted_and_signing_goes_on_without_it(tmp_path: Path) -> None:
    made = create_authority(tmp_path / "ca", "town", DOMAINS, passphrase=b"correct horse")
    content = (made.directory / "root.key").read_bytes()
    with pytest.raises(TypeError, match="Password was not given"):
        serialization.load_pem_private_key(content, None)
    assert serialization.load_pem_private_key(content, b"correct horse")
    (made.directory / "root.key").unlink()
    assert open_authority(made.directory, "town").issuer("data").purpose == "data"


def test_absent_authority_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match=r"run `shoko trust init -i inventories/town`"):
        open_authority(tmp_path, "town")


def test_another_sites_authority_is_refused(authority: Authority) -> None:
    with pytest.raises(TrustError, match="authority of site 'town', not of 'village'"):
        open_authority(authority.directory, "village")


def test_mixed_up_key_and_certificate_are_refused(tmp_path: Path) -> None:
    made = create_authority(tmp_path / "ca", "town", DOMAINS)
    (made.directory / "logs" / "issuer.key").write_bytes((made.directory / "data" / "issuer.key").read_bytes())
    with pytest.raises(TrustError, match="do not belong together"):
        made.issuer("logs")


def test_missing_issuer_key_is_named(tmp_path: Path) -> None:
    made = create_authority(tmp_path / "ca", "town", DOMAINS)
    (made.directory / "logs" / "issuer.key").unlink()
    with pytest.raises(TrustError, match=r"logs/issuer\.key: No such file"):
        made.issuer("logs")


def test_default_directory_is_outside_git() -> None:
    checkout = Path("/srv/checkout")
    ignored = (Path(__file__).resolve().parents[3] / ".gitignore").read_text().split()
    assert default_directory("lab", checkout) == checkout / ".lab" / "ca"
    assert ".lab" in ignored
    assert checkout not in default_directory("town", checkout).parents


def test_description_names_the_site(authority: Authority) -> None:
    described = json.loads((authority.directory / "authority.json").read_text())
    assert described["site"] == "town"
    assert set(described["domains"]) == set(PURPOSES)
