"""pytest plugin: a private PostgreSQL cluster on a socket, and the environment that the settings read.

Loaded by `-p` before Django's settings are, therefore the environment is set on import and the server started
later. The server runs as the user `postgres` when the tests run as root, because it refuses root.
"""

import json
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest

ROOT = Path(tempfile.mkdtemp(prefix="shoko-ils-test-"))
SOCKET = ROOT / "socket"
DEMO_PASSWORD = "correct horse battery"
SITE = {
    "name": {"ja": "見本市図書館", "en": "Sample City Library"},
    "libraries": [
        {"key": "central", "ja": "総合市民図書館", "en": "Central Library", "hours": {"ja": "9時から", "en": "from 9"}},
        {"key": "south", "ja": "南市民図書館", "en": "South Library"},
        {"key": "tsujido", "ja": "辻堂市民図書館", "en": "Tsujido Library"},
        {"key": "shonandai", "ja": "湘南大庭市民図書館", "en": "Shonan-Oba Library"},
    ],
}  # fmt: skip


def _write(name: str, text: str) -> str:
    (ROOT / name).write_text(text, encoding="utf-8")
    return str(ROOT / name)


ROOT.chmod(0o755)
ENVIRONMENT = {
    "SHOKO_DB_HOSTS": str(SOCKET),
    "SHOKO_DB_NAME": "postgres",
    "SHOKO_SECRET_KEY_FILE": _write("secret", "a secret of no value " * 3),
    "SHOKO_SITE_FILE": _write("site.json", json.dumps(SITE)),
    "SHOKO_ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "SHOKO_CSRF_ORIGINS": "",
    "SHOKO_DEMO_PASSWORD_FILE": _write("demo-password", DEMO_PASSWORD),
    "SHOKO_STATIC_ROOT": str(ROOT / "static"),
    "SHOKO_DB_RETRY_SECONDS": "4",
}
os.environ.update(ENVIRONMENT)


def _binaries() -> Path:
    """Newest installed server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    if not found:
        pytest.exit("no PostgreSQL server found: apt install postgresql", returncode=2)
    return found[-1].parent


def _as_server(command: list[str]) -> None:
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, cwd="/", stdout=subprocess.DEVNULL)


def connect(database: str = "postgres", user: str = "postgres", **options: str) -> psycopg.Connection:
    """A plain connection, beside Django's."""
    return psycopg.connect(host=str(SOCKET), dbname=database, user=user, autocommit=True, **options)


def pytest_sessionstart(session: pytest.Session) -> None:
    SOCKET.mkdir()
    (ROOT / "data").mkdir(mode=0o700)
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        for path in (SOCKET, ROOT / "data"):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    binaries, data = _binaries(), str(ROOT / "data")
    _as_server(
        [str(binaries / "initdb"), "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
    )
    settings = f"-k {SOCKET} -c listen_addresses= -c fsync=off -c max_connections=60"
    _as_server([str(binaries / "pg_ctl"), "-D", data, "-w", "-s", "-o", settings, "-l", f"{data}/server.log", "start"])
    with connect() as connection:
        # Superuser in this cluster only: tests then take on the services' roles by SET SESSION AUTHORIZATION.
        connection.execute("CREATE ROLE ils_owner LOGIN SUPERUSER")
        connection.execute("CREATE ROLE ils_public LOGIN")
        connection.execute("CREATE ROLE ils_staff LOGIN")
        # The owner as a site has it, for the test of a release.
        connection.execute("CREATE ROLE plain_owner LOGIN")


def pytest_unconfigure(config: pytest.Config) -> None:
    if (ROOT / "data" / "postmaster.pid").exists():
        _as_server([str(_binaries() / "pg_ctl"), "-D", str(ROOT / "data"), "-w", "-s", "-m", "immediate", "stop"])
    shutil.rmtree(ROOT, ignore_errors=True)
