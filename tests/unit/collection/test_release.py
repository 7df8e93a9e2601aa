"""Releases of an application: whole or not there, switched in one step, taken back when not healthy.

The module's own code runs against a temporary directory; a small server on a UNIX socket stands for the application,
and `systemctl` is a script that only notes what it was asked.
"""

from __future__ import annotations

import http.server
import io
import os
import socketserver
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.modules import release

OLD, NEW = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"


class Application:
    """Answers on a UNIX socket with a status that the test sets."""

    def __init__(self, path: Path) -> None:
        self.path, self.status = path, 200
        answers = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(answers.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

            def address_string(self) -> str:
                return "socket"

        self.server = socketserver.ThreadingUnixStreamServer(str(path), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Application]:
    made = Application(tmp_path / "app.sock")
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(autouse=True)
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `systemctl` that notes its words, and marks kept in a temporary directory."""
    programs = tmp_path / "bin"
    programs.mkdir()
    script = programs / "systemctl"
    script.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/systemctl.log\n')
    script.chmod(0o755)
    monkeypatch.setattr(
        "ansible_collections.shoko.core.plugins.module_utils.commands.PATH", f"{programs}:{os.environ['PATH']}"
    )
    monkeypatch.setattr(release, "STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(release, "PAUSE", 0.01)
    return tmp_path


def archive(folder: Path, identity: str) -> str:
    """A release's tar file with one file in it."""
    path = folder / f"{identity}.tar"
    with tarfile.open(path, "w") as target:
        info = tarfile.TarInfo(f"app-{identity}/version")
        info.size = len(identity)
        target.addfile(info, io.BytesIO(identity.encode()))
    return str(path)


def use(host: Path, identity: str, *, check: bool = False, **more: Any) -> dict[str, Any]:
    """Run the module's task as after the archive was sent."""
    given = {
        "root": str(host / "srv"), "id": identity, "archive": "given", "sent": archive(host, identity), "setup": [],
        "prepare": [], "units": ["app.service"], "health": [{"socket": str(host / "app.sock"), "path": "/readyz"}],
        "prepare_within": 60, "patience": 0.2, "keep": 3,
    }  # fmt: skip
    return release.run(SimpleNamespace(params=given | more, check_mode=check, _diff=True))


def current(host: Path) -> str:
    return (host / "srv/current/version").read_text()


def test_a_release_is_installed_switched_to_and_then_left_alone(host, application):
    first = use(host, OLD, setup=[["touch", "ready"]])
    assert first["actions"] == [f"install {OLD}", f"switch to {OLD}"]
    assert current(host) == OLD
    assert (host / "srv/current/ready").exists()
    assert "restart -- app.service" in (host / "systemctl.log").read_text()
    again = use(host, OLD)
    assert (again["changed"], again["actions"]) == (False, [])


def test_the_host_asks_for_the_archive_only_when_it_lacks_the_release(host, application):
    assert use(host, OLD, sent=None)["wants_archive"] is True
    use(host, OLD)
    assert "wants_archive" not in use(host, OLD, sent=None)


def test_a_release_that_does_not_get_healthy_is_taken_back(host, application):
    use(host, OLD)
    application.status = 503
    with pytest.raises(HostError, match=f"release {NEW} does not work here, this host is back on {OLD}: .*503"):
        use(host, NEW)
    assert current(host) == OLD


def test_a_first_release_that_does_not_get_healthy_leaves_none_in_use(host, application):
    application.status = 500
    with pytest.raises(HostError, match="no release is in use"):
        use(host, OLD)
    assert not os.path.lexists(host / "srv/current")
    assert "stop -- app.service" in (host / "systemctl.log").read_text()


def test_a_failed_preparation_switches_nothing(host, application):
    use(host, OLD)
    with pytest.raises(HostError, match="false"):
        use(host, NEW, prepare=[["false"]])
    assert current(host) == OLD


def test_a_preparation_has_a_clock_of_its_own(host, application, monkeypatch):
    monkeypatch.setattr(release, "BUILD_TIMEOUT", 0.2)
    use(host, OLD, prepare=[["sleep", "0.6"]])
    assert current(host) == OLD, "a migration takes longer than a set-up may"
    with pytest.raises(HostError, match=r"did not end within 0\.3 s"):
        use(host, NEW, prepare=[["sleep", "5"]], prepare_within=0.3)
    assert current(host) == OLD


def test_an_interrupted_installation_does_not_count(host, application):
    with pytest.raises(HostError):
        use(host, OLD, setup=[["false"]])
    assert not os.path.lexists(host / "srv/current")
    use(host, OLD, setup=[["touch", "ready"]])
    assert (host / "srv/current/ready").exists()


def test_return_to_a_former_release_migrates_nothing(host, application):
    use(host, OLD, prepare=[["touch", str(host / "migrated-old")]])
    use(host, NEW, prepare=[["touch", str(host / "migrated-new")]])
    (host / "migrated-old").unlink()
    back = use(host, OLD, archive="", sent=None, prepare=[["touch", str(host / "migrated-old")]])
    assert back["actions"] == [f"switch to {OLD}"]
    assert current(host) == OLD
    assert not (host / "migrated-old").exists()


def test_an_unknown_release_is_refused_with_the_known_ones(host, application):
    use(host, OLD)
    with pytest.raises(HostError, match=f"cccccccc is not on this host and no archive is given \\(here: {OLD}\\)"):
        use(host, "cccccccc", archive="", sent=None)


def test_an_id_that_is_no_digest_is_refused(host):
    with pytest.raises(HostError, match="not a digest"):
        use(host, "../../etc")


def test_old_releases_go_but_never_the_former_one(host, application):
    ids = [letter * 16 for letter in "abcde"]
    for identity in ids:
        use(host, identity, keep=2)
    left = {path.name for path in (host / "srv/releases").iterdir()}
    assert left >= {ids[-1], ids[-2]}
    assert len(left) == 3


def test_check_mode_says_it_all_and_does_nothing(host, application):
    told = use(host, OLD, check=True, prepare=[["migrate"]])
    assert told["actions"] == [f"install {OLD}", "run migrate", f"switch to {OLD}"]
    assert told["diff"] == {"before": "release none\n", "after": f"release {OLD}\n"}
    assert not (host / "srv").exists()
