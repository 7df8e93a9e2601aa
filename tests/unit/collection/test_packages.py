"""`packages` with dpkg and apt played by scripts that note what they see."""

import os
import time

import pytest

from ansible_collections.shoko.core.plugins.module_utils import commands, package_work
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.task import Task

DPKG_QUERY = """#!/bin/sh
shift 2
for name in "$@"; do
  [ -e "$FAKE/db/$name" ] && printf '%s\\t%s:amd64\\t%s\\n' "$name" "$name" "$(cat "$FAKE/db/$name")" || missing=1
done
exit ${missing:-0}
"""
APT_GET = """#!/bin/sh
echo "$*" >>"$FAKE/calls"
for last; do verb=$last; done
case "$*" in
  *" update") echo "policy during update: $([ -e "$FAKE/policy" ] && echo yes || echo no)" >>"$FAKE/calls"
    [ -e "$FAKE/offline" ] && { echo "Err:1 http://deb.debian.org/debian trixie InRelease"; echo "  Could not connect";
      echo "E: Failed to fetch http://deb.debian.org/debian/dists/trixie/InRelease" >&2; exit 100; }
    touch "$FAKE/lists"; exit 0;;
  *" install -- "*) "$FAKE/policy" nginx start; echo "start allowed: $?" >>"$FAKE/calls"
    "$FAKE/policy" nginx stop; echo "stop allowed: $?" >>"$FAKE/calls"
    [ -e "$FAKE/lists" ] || { echo "E: Unable to locate package $last" >&2; exit 100; }
    [ -e "$FAKE/half" ] || echo installed >"$FAKE/db/$last"; exit 0;;
  *" remove -- "*) "$FAKE/policy" nginx stop; echo "stop allowed: $?" >>"$FAKE/calls"
    echo config-files >"$FAKE/db/$last"; exit 0;;
esac
"""


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Return a function that runs the module on a played system, with its folder as attribute."""
    for name, text in (("dpkg-query", DPKG_QUERY), ("apt-get", APT_GET)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "db").mkdir()
    (tmp_path / "db/bash").write_text("installed\n")
    (tmp_path / "sources").mkdir()
    monkeypatch.setenv("FAKE", str(tmp_path))
    monkeypatch.setattr(commands, "PATH", f"{tmp_path}:{commands.PATH}")
    monkeypatch.setattr(package_work, "POLICY", str(tmp_path / "policy"))
    monkeypatch.setattr(package_work, "SAVED", str(tmp_path / "policy.saved"))
    monkeypatch.setattr(package_work, "STAMP", str(tmp_path / "stamp"))
    monkeypatch.setattr(package_work, "UPDATES", str(tmp_path / "sources"))
    monkeypatch.setattr(package_work, "SOURCES", (str(tmp_path / "sources"),))

    def run(wanted=(), absent=(), check=False):
        return package_work.work(Task({"packages": list(wanted), "absent": list(absent)}, check, True))

    run.folder = tmp_path
    run.calls = lambda: (tmp_path / "calls").read_text() if (tmp_path / "calls").exists() else ""
    return run


def test_nothing_to_do_is_one_look(system):
    assert system(["bash"], ["apache2"]) == {"changed": False, "installed": [], "removed": [], "refreshed": False}
    assert system.calls() == ""


def test_check_mode_predicts_without_lists(system):
    result = system(["bash", "nginx"], check=True)
    assert (result["changed"], result["installed"]) == (True, ["nginx"])
    assert result["diff"] == {"prepared": "install nginx\n"}
    assert system.calls() == ""


def test_an_installation_starts_and_stops_nothing_and_leaves_no_trace(system):
    result = system(["nginx"])
    assert (result["installed"], result["refreshed"]) == (["nginx"], True)
    assert "start allowed: 101" in system.calls()
    assert "stop allowed: 101" in system.calls()
    assert "--no-install-recommends" in system.calls()
    assert "--force-confold" in system.calls()
    assert "APT::Update::Error-Mode=any" in system.calls()
    assert not (system.folder / "policy").exists()


def test_the_hosts_own_policy_comes_back(system):
    (system.folder / "policy").write_text("#!/bin/sh\nexit 104\n")
    system(["nginx"])
    assert (system.folder / "policy").read_text() == "#!/bin/sh\nexit 104\n"


def test_a_policy_that_a_killed_run_left_is_taken_away_even_if_nothing_is_missing(system):
    (system.folder / "policy").write_text(f"#!/bin/sh\n{package_work.SIGN}\nexit 101\n")
    (system.folder / "policy.saved").write_text("the host's own")
    system(["bash"])
    assert (system.folder / "policy").read_text() == "the host's own"


def test_a_removed_package_may_stop_its_service(system):
    assert system(absent=["bash"])["removed"] == ["bash"]
    assert "stop allowed: 0" in system.calls()
    assert system(absent=["bash"])["changed"] is False


def test_fresh_lists_serve_the_next_role(system):
    system(["nginx"])
    system(["squid"])
    assert system.calls().count("update") - system.calls().count("during update") == 1


def test_newer_sources_make_lists_stale(system):
    system(["nginx"])
    late = time.time() + 5
    (system.folder / "sources/new.sources").write_text("x")
    os.utime(system.folder / "sources/new.sources", (late, late))
    assert system(["squid"])["refreshed"] is True


def test_an_unknown_package_is_looked_for_in_new_lists_once(system):
    (system.folder / "stamp").write_text("")
    assert system(["nginx"])["refreshed"] is True


def test_a_source_that_fails_is_named(system):
    (system.folder / "offline").write_text("")
    source = "Err:1 http://deb.debian.org/debian trixie"
    with pytest.raises(HostError, match=f"^nginx: cannot be installed, because .* cannot be fetched: {source}"):
        system(["nginx"])
    assert not (system.folder / "policy").exists()


def test_success_that_installed_nothing_is_not_believed(system):
    (system.folder / "half").write_text("")
    with pytest.raises(HostError, match="nginx: apt-get reported success"):
        system(["nginx"])


@pytest.mark.parametrize("name", ["nginx=1.0", "-o=x", "Nginx", "a b"])
def test_what_is_no_name_never_reaches_apt(system, name):
    with pytest.raises(HostError, match="not the name of a Debian package"):
        system([name])


def test_present_and_absent_exclude_each_other(system):
    with pytest.raises(HostError, match="asked for as present and as absent"):
        system(["bash"], ["bash"])
