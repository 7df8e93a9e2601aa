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
def server(**settings: str) -> Iterator[None]:
    """Started with `settings` of postgresql.conf and waiting for the disk as a site's does; gone afterwards."""
    cluster.SERVER.create()
    with (cluster.SERVER.data / "postgresql.auto.conf").open("a") as conf:
        conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    cluster.SERVER.start(fsync="on")
    try:
        with cluster.connect() as connection:
            for role in ("ils_owner LOGIN SUPERUSER", "ils_public LOGIN", "ils_staff LOGIN"):
                connection.execute(f"CREATE ROLE {role}")
        yield
    finally:
        cluster.SERVER.stop()
        shutil.rmtree(cluster.ROOT, ignore_errors=True)


def manage(*arguments: str, service: str = "owner") -> str:
    """Run a command of the application as one of its services; its output. Ends the benchmark if it fails."""
    command = [sys.executable, "manage.py", *arguments]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": f"shoko_ils.settings.{service}"}
    done = subprocess.run(command, cwd=APP, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)}: {done.stderr[-2000:]}")
    return done.stdout
