"""pytest plugin: a private PostgreSQL cluster on a socket, and the environment that the settings read.

Loaded by `-p` before Django's settings are, therefore the environment is set on import and the server started
later. The server runs as the user `postgres` when the tests run as root, because it refuses root.
"""

import json
import os
import pwd
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

ROOT = Path(tempfile.mkdtemp(prefix="shoko-ils-test-"))
DEMO_PASSWORD = "correct horse battery"
SITE = {
    "name": {"ja": "見本市図書館", "en": "Sample City Library"},
    "libraries": [
        {"key": "central", "ja": "総合市民図書館", "en": "Central Library", "hours": {"ja": "9時から", "en": "from 9"}},
        {"key": "south", "ja": "南市民図書館", "en": "South Library"},
        {"key": "tsujido", "ja": "辻堂市民図書館", "en": "Tsujido Library"},
        {"key": "shonandai", "ja": "湘南大庭市民図書館", "en": "Shonan-Oba Library"},
    ],
    # as the lab: tests of the second factor ask for it
    "authority": {"second_factor": False},
    "patron_categories": [
        {"key": "resident", "ja": "在住", "en": "Resident"},
        {"key": "works-here", "ja": "在勤", "en": "Works here"},
        {"key": "studies-here", "ja": "在学", "en": "Studies here"},
        {"key": "neighbour", "ja": "広域", "en": "Reciprocal borrowing"},
        {"key": "group", "ja": "団体", "en": "Group", "for_groups": True},
    ],
    "locations": [
        {"key": "general", "ja": "一般書架", "en": "General shelves"},
        {"key": "children", "ja": "児童書架", "en": "Children's shelves"},
        {"key": "stacks", "ja": "書庫", "en": "Closed stacks"},
    ],
    # all that any of the agreed lists has (S0:L188-190, S4:L199-217)
    "patrons": {
        "items": ["number", "name", "birth_date", "address", "phone", "email", "loans", "guardian", "password",
                  "questioner_class", "question"],
    },
}  # fmt: skip


def _write(name: str, text: str) -> str:
    (ROOT / name).write_text(text, encoding="utf-8")
    return str(ROOT / name)


ROOT.chmod(0o755)
ENVIRONMENT = {
    "SHOKO_DB_HOSTS": str(ROOT / "socket"),
    "SHOKO_DB_NAME": "postgres",
    "SHOKO_SECRET_KEY_FILE": _write("secret", "a secret of no value " * 3),
    "SHOKO_SITE_FILE": _write("site.json", json.dumps(SITE)),
    "SHOKO_ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "SHOKO_CSRF_ORIGINS": "",
    "SHOKO_DEMO_PASSWORD_FILE": _write("demo-password", DEMO_PASSWORD),
    "SHOKO_STATIC_ROOT": str(ROOT / "static"),
    "SHOKO_DB_RETRY_SECONDS": "30",
}
os.environ.update(ENVIRONMENT)


def _binaries() -> Path:
    """Newest installed server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    if not found:
        pytest.exit("no PostgreSQL server found: apt install postgresql", returncode=2)
    return found[-1].parent


def _log_settings() -> str:
    """What the deployment sets of a server's log: a test that reads this one reads what a site's collectors get."""
    told = (Path(__file__).parents[2] / "roles/database/vars/main.yml").read_text(encoding="utf-8")
    found = re.findall(r"^  (log_\w+): (.+)$", told, re.MULTILINE)
    if not found:
        pytest.exit("the role database says nothing of the log", returncode=2)
    return " ".join(f"-c {name}={shlex.quote(value.strip(chr(34)))}" for name, value in found)


def _as_server(command: list[str]) -> None:
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, cwd="/", stdout=subprocess.DEVNULL)


class Server:
    """One server in a directory of its own, reached by a socket in it."""

    def __init__(self, place: Path) -> None:
        self.socket, self.data = place / "socket", place / "data"
        self.socket.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            for path in (self.socket, self.data):
                os.chown(path, owner.pw_uid, owner.pw_gid)

    def create(self) -> None:
        _as_server(
            [
                *(str(_binaries() / "initdb"), "-D", str(self.data), "-N"),
                *("-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"),
            ]
        )

    def copy_of(self, primary: "Server") -> None:
        """Become the standby of a running server."""
        source = f"host={primary.socket} user=postgres application_name=standby"
        _as_server([str(_binaries() / "pg_basebackup"), "-D", str(self.data), "-R", "-c", "fast", "-d", source])

    def _control(self, *arguments: str) -> None:
        _as_server([str(_binaries() / "pg_ctl"), "-D", str(self.data), "-w", "-s", *arguments])

    def start(self, *, fsync: str = "off") -> None:
        """`fsync`, and the server's own vacuum with it: "on" where times are measured."""
        settings = (
            f"-k {self.socket} -c listen_addresses= -c fsync={fsync} -c autovacuum={fsync} -c max_connections=60"
            f" {_log_settings()}"
        )
        self._control("-o", settings, "-l", str(self.log), "start")

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    def promote(self) -> None:
        self._control("promote")

    def stop(self, mode: str = "immediate") -> None:
        """At once, as if the power had gone, or `fast`, in order; a stopped server is left alone."""
        if (self.data / "postmaster.pid").exists():
            self._control("-m", mode, "stop")

    def connect(self, database: str = "postgres", user: str = "postgres", **options: str) -> psycopg.Connection:
        return psycopg.connect(host=str(self.socket), dbname=database, user=user, autocommit=True, **options)


SERVER = Server(ROOT)
connect = SERVER.connect  # a plain connection, beside Django's


def connected(database: str) -> int:
    """How many are connected to a database: who is gone may be leaving still."""
    with connect() as admin:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
        (count,) = admin.execute(asked, [database]).fetchone()  # type: ignore[misc]
        return int(count)


def wait_until_left(database: str, staying: int = 0) -> None:
    end = time.monotonic() + 60
    while connected(database) > staying:
        assert time.monotonic() < end, f"somebody is still connected to {database}"
        time.sleep(0.02)


def pytest_sessionstart(session: pytest.Session) -> None:
    SERVER.create()
    SERVER.start()
    with connect() as connection:
        # Superuser in this cluster only: tests then take on the services' roles by SET SESSION AUTHORIZATION.
        connection.execute("CREATE ROLE ils_owner LOGIN SUPERUSER")
        connection.execute("CREATE ROLE ils_public LOGIN")
        connection.execute("CREATE ROLE ils_staff LOGIN")
        # The owner as a site has it, for the test of a release.
        connection.execute("CREATE ROLE plain_owner LOGIN")


def pytest_unconfigure(config: pytest.Config) -> None:
    SERVER.stop()
    shutil.rmtree(ROOT, ignore_errors=True)
