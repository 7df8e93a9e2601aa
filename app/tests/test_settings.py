"""Configuration from the environment: what is read, and how a mistake is named."""

import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from shoko_ils.settings import base, env, public, staff
from tests.conftest import APP, COST


@pytest.mark.parametrize(
    ("value", "hosts", "ports"),
    [
        ("db1:5432,db2:5433", "db1,db2", "5432,5433"),
        ("db1", "db1", "5432"),
        ("[fd5e:c0::50]:5432, db2", "fd5e:c0::50,db2", "5432,5432"),
        ("/run/postgresql", "/run/postgresql", "5432"),
        ("/run/postgresql:5433", "/run/postgresql", "5433"),
    ],
)
def test_hosts(monkeypatch: pytest.MonkeyPatch, value: str, hosts: str, ports: str) -> None:
    monkeypatch.setenv("SHOKO_DB_HOSTS", value)
    assert env.hosts_and_ports("SHOKO_DB_HOSTS") == (hosts, ports)


def test_the_primary_is_found_among_several_and_waiting_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOKO_DB_HOSTS", "db1,db2,db3")
    monkeypatch.setenv("SHOKO_DB_SSLROOTCERT", "/tls/ca.crt")
    monkeypatch.setenv("SHOKO_DB_SSLCERT", "/tls/ils.crt")
    monkeypatch.setenv("SHOKO_DB_SSLKEY", "/tls/ils.key")
    made = base.database("ils_staff", schemas="ils", statement_timeout_ms=5000)["default"]
    options = made["OPTIONS"]
    assert made["HOST"] == "db1,db2,db3"
    assert options["target_session_attrs"] == "read-write"
    assert options["connect_timeout"] == 2
    assert options["sslmode"] == "verify-full"
    assert (options["sslcert"], options["sslkey"]) == ("/tls/ils.crt", "/tls/ils.key")
    assert "-c statement_timeout=5000" in options["options"]
    assert made["CONN_HEALTH_CHECKS"]
    assert "PASSWORD" not in made


def test_each_service_has_its_own_role_and_only_the_schemas_it_may_see() -> None:
    assert (public.DATABASES["default"]["USER"], staff.DATABASES["default"]["USER"]) == ("ils_public", "ils_staff")
    assert "search_path=ils " in staff.DATABASES["default"]["OPTIONS"]["options"]
    assert "private" not in staff.DATABASES["default"]["OPTIONS"]["options"]


def test_neither_service_shows_errors_or_trusts_a_header_for_the_scheme() -> None:
    for face in (public, staff):
        assert face.DEBUG is False
        assert not hasattr(face, "SECURE_PROXY_SSL_HEADER")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read"),
        ("{", "not JSON"),
        ('{"libraries": []}', "missing 'name'"),
        ('{"name": {"ja": "x"}, "libraries": []}', "missing 'en'"),
        ('{"name": {"ja": "x", "en": "x"}, "libraries": []}', "no library is listed"),
        ('{"name": {"ja": "x", "en": "x"}, "libraries": [{"key": "x", "ja": "x"}]}', "missing 'en'"),
        ('{"name": {"ja": "x", "en": ""}, "libraries": [{"key": "x", "ja": "x", "en": "x"}]}', "a name is empty"),
    ],
)
def test_site_files_that_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None, message: str
) -> None:
    path = tmp_path / "site.json"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("SHOKO_SITE_FILE", str(path))
    with pytest.raises(ImproperlyConfigured, match=f"SHOKO_SITE_FILE: .*{message}"):
        env.site("SHOKO_SITE_FILE")


def test_secrets_that_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOKO_SECRET_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(ImproperlyConfigured, match="cannot read"):
        env.secret("SHOKO_SECRET_KEY_FILE")
    (tmp_path / "short").write_text("short")
    monkeypatch.setenv("SHOKO_SECRET_KEY_FILE", str(tmp_path / "short"))
    with pytest.raises(ImproperlyConfigured, match="fewer than 32"):
        env.secret("SHOKO_SECRET_KEY_FILE")


def test_variables_that_are_missing_or_wrong_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOKO_DB_HOSTS")
    with pytest.raises(ImproperlyConfigured, match="SHOKO_DB_HOSTS is not set"):
        env.hosts_and_ports("SHOKO_DB_HOSTS")
    monkeypatch.setenv("SHOKO_DB_HOSTS", " , ")
    with pytest.raises(ImproperlyConfigured, match="names no database host"):
        env.hosts_and_ports("SHOKO_DB_HOSTS")
    monkeypatch.setenv("SHOKO_DB_RETRY_SECONDS", "soon")
    with pytest.raises(ImproperlyConfigured, match="'soon' is not a whole number"):
        env.number("SHOKO_DB_RETRY_SECONDS", 1)


def test_every_variable_stands_in_the_readme() -> None:
    code = list((APP / "shoko_ils").rglob("*.py"))
    used = {name for path in code for name in re.findall(r"SHOKO_[A-Z_]+", path.read_text(encoding="utf-8"))}
    documented = set(re.findall(r"SHOKO_[A-Z_]+", (APP / "README.md").read_text(encoding="utf-8")))
    assert used == documented


def test_passwords_cost_what_owasp_asks_of_scrypt() -> None:
    """N 2^14 with p 5; the other tests pay less, see conftest."""
    assert COST == (2**14, 5, 2**14)
