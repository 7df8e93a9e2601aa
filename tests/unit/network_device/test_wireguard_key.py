"""Key pairs that the controller keeps: made once, never shared, checked."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader


def key(path: Path, **options: str) -> str:
    """Look a key up as a template does."""
    return str(lookup_loader.get("shoko.core.wireguard_key").run([str(path)], variables={}, **options)[0])


def test_a_pair_is_made_once_and_stays(tmp_path: Path) -> None:
    first = key(tmp_path / "vpn/gateway")
    assert key(tmp_path / "vpn/gateway") == first
    assert (tmp_path / "vpn/gateway.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "vpn/gateway.pub").read_text().strip() == key(tmp_path / "vpn/gateway", part="public")
    assert sorted(path.name for path in (tmp_path / "vpn").iterdir()) == ["gateway.key", "gateway.pub"]


def test_the_public_key_is_the_one_that_openssl_gets(tmp_path: Path) -> None:
    """A second implementation of RFC 7748 agrees."""
    private = base64.b64decode(key(tmp_path / "k"))
    der = bytes.fromhex("302e020100300506032b656e04220420") + private  # RFC 8410, section 7
    done = subprocess.run(
        ["openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER"], input=der, capture_output=True, check=True
    )
    assert base64.b64encode(done.stdout[-32:]).decode() == key(tmp_path / "k", part="public")


def test_a_damaged_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "k.key").write_text("c2hvcnQ=\n")
    with pytest.raises(AnsibleLookupError, match=r"k\.key: no usable WireGuard key"):
        key(tmp_path / "k")
