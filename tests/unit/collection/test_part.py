"""`part`: packages, then files, then units, with dpkg, apt and systemctl played as for the three alone."""

import json
import os

import pytest

from ansible_collections.shoko.core.plugins.module_utils import commands, package_work, systemd
from ansible_collections.shoko.core.plugins.module_utils.entries import make_entry
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.payload import pack
from ansible_collections.shoko.core.plugins.module_utils.task import Task
from ansible_collections.shoko.core.plugins.modules import part

from .test_packages import APT_GET, DPKG_QUERY
from .test_units import LOADED, SYSTEMCTL

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners are set, which only root may")


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Return a function that runs the module once: ``host(content, validate=…, check=…)``; its result is last."""
    for name, text in (("dpkg-query", DPKG_QUERY), ("apt-get", APT_GET), ("systemctl", SYSTEMCTL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    for name in ("db", "units", "sources", "tree"):
        (tmp_path / name).mkdir()
    (tmp_path / "units/nginx.service").write_text(json.dumps({**LOADED, "ActiveState": "inactive"}))
    monkeypatch.setenv("FAKE", str(tmp_path))
    monkeypatch.setattr(commands, "PATH", f"{tmp_path}:{commands.PATH}")
    monkeypatch.setattr(systemd, "_SETTLE", 0)
    for name in ("POLICY", "SAVED", "STAMP"):
        monkeypatch.setattr(package_work, name, str(tmp_path / name.lower()))
    monkeypatch.setattr(package_work, "UPDATES", str(tmp_path / "sources"))
    monkeypatch.setattr(package_work, "SOURCES", (str(tmp_path / "sources"),))

    def run(content, *, validate=(), check=False, condition_ok=False):
        raw = {"path": f"{tmp_path}/tree/nginx.conf", "restart": ["nginx"]}
        unit = {"name": "nginx", "enabled": True, "state": "started", "masked": None, "condition_ok": condition_ok}
        params = {
            "part": "entry", "packages": ["nginx"], "absent": [], "validate": list(validate), "units": [unit],
            "payload": pack([make_entry(raw, "content", content.encode())]),
            "state_dir": str(tmp_path / "state"), "timeout": 5, "request": "asked",
        }  # fmt: skip
        run.result = {"changed": False}
        part.work(Task(params, check, True), run.result)
        return run.result

    run.file = tmp_path / "tree/nginx.conf"
    run.calls = lambda: (tmp_path / "calls").read_text().splitlines()
    return run


def test_packages_then_files_then_units_and_the_second_time_nothing(host):
    first = host("one\n")
    assert (first["installed"], [row["change"] for row in first["files"]]) == (["nginx"], ["create"])
    assert first["actions"] == ["start nginx.service"]
    order = [line for line in host.calls() if " install -- " in line or line == "start nginx.service"]
    assert [line.split()[0] for line in order] == ["--yes", "start"], "the package first, its service last"
    second = host("one\n")
    assert (second["changed"], second["installed"], second["files"], second["actions"]) == (False, [], [], [])
    assert second["due"] == {"restart": [], "reload": []}, "a start has read the new files"
    assert "diff" not in second or not any(second["diff"])


def test_check_mode_predicts_all_three_and_touches_none(host):
    told = host("one\n", check=True)
    assert (told["installed"], told["files"][0]["change"]) == (["nginx"], "create")
    assert told["actions"] == ["start nginx.service"]
    assert not host.file.exists()
    assert not any("install" in line or line.startswith("start") for line in host.calls())


def test_refused_files_leave_the_units_alone_and_say_what_was_installed(host):
    with pytest.raises(HostError, match="refuses the new files"):
        host("bad\n", validate=[{"command": ["false"], "when": None}])
    assert (host.result["changed"], host.result["installed"]) == (True, ["nginx"])
    assert "actions" not in host.result
    assert not host.file.exists()
    assert host("good\n")["actions"] == ["start nginx.service"]


def test_a_changed_file_of_a_running_unit_is_left_to_the_handler(host):
    host("one\n")
    later = host("two\n")
    assert (later["actions"], later["due"]["restart"]) == ([], ["nginx"])
