"""An authority of a made-up site, made once for all tests here."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from shoko.trust import PURPOSES, Authority, Wanted, create_authority

DOMAINS = dict.fromkeys(PURPOSES, ("shoko.internal",)) | {"entry": ("library.example", "shoko.localhost")}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A complete authority."""
    return create_authority(tmp_path_factory.mktemp("site") / "ca", "town", DOMAINS)


@pytest.fixture
def request_for(tmp_path: Path) -> Callable[..., str]:
    """Make a key and a signing request as a host does: with the openssl program."""

    def make(*extra: str, algorithm: tuple[str, ...] = ("EC", "ec_paramgen_curve:P-256")) -> str:
        key = tmp_path / "key.pem"
        options = [word for option in algorithm[1:] for word in ("-pkeyopt", option)]
        _openssl("genpkey", "-algorithm", algorithm[0], *options, "-out", str(key))
        return _openssl("req", "-new", "-key", str(key), "-subj", "/CN=whatever", *extra)

    return make


@pytest.fixture
def wanted() -> Callable[..., Wanted]:
    """A wanted certificate; keywords replace the defaults."""

    def make(**changes: object) -> Wanted:
        fields: dict[str, object] = {
            "host": "rp1",
            "name": "logs",
            "purpose": "logs",
            "common_name": "rp1.shoko.internal",
            "names": ("rp1.shoko.internal",),
            "addresses": ("198.51.100.21",),
            "roles": ("reverse-proxies",),
            "internal_domain": "shoko.internal",
        }
        return Wanted(**{**fields, **changes})  # type: ignore[arg-type]

    return make


def _openssl(*words: str) -> str:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=True)
    return done.stdout
