"""The PostgreSQL that a benchmark has to itself, with the three roles, and the application's commands on it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import cluster

APP = Path(__file__).resolve().parent.parent


@contextmanager
def server(place: Path | None = None, **settings: str) -> Iterator[cluster.Server]:
    """Started with `settings` of postgresql.conf and waiting for the disk as a site's does.

    In a directory of its own that is gone afterwards; or in `place`, which stays with all that is in it, and is gone on
    with the next time.
    """
    postgres = cluster.Server(place) if place else cluster.SERVER
    os.environ["SHOKO_DB_HOSTS"] = str(postgres.socket)
    is_new = not (postgres.data / "PG_VERSION").exists()
    if is_new:
        postgres.create()
    (postgres.data / "postgresql.auto.conf").write_text("".join(f"{n} = '{v}'\n" for n, v in settings.items()))
    postgres.start(fsync="on")
    try:
        if is_new:
            with postgres.connect() as connection:
                for role in ("ils_owner LOGIN SUPERUSER", "ils_public LOGIN", "ils_staff LOGIN"):
                    connection.execute(f"CREATE ROLE {role}")
        yield postgres
    finally:
        postgres.stop("fast" if place else "immediate")
        shutil.rmtree(cluster.ROOT, ignore_errors=True)


def manage(*arguments: str, service: str = "owner") -> str:
    """Run a command of the application as one of its services; its output. Ends the benchmark if it fails."""
    command = [sys.executable, "manage.py", *arguments]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": f"shoko_ils.settings.{service}"}
    done = subprocess.run(command, cwd=APP, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)}: {done.stderr[-2000:]}")
    return done.stdout
