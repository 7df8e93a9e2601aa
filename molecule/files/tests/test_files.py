"""What the modules leave behind, what they put back, and what they leave alone."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from members import member

ROOT = Path(__file__).resolve().parents[3]
PX1 = member("px1")
PLAYBOOK = [str(ROOT / ".venv/bin/ansible-playbook"), "-i", "inventories/lab", "--limit", "px1"]
OWN = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "0"}


def play(name, *more, succeeds=True, **variables):
    """Run a playbook of the scenario on px1; how many tasks changed something."""
    done = subprocess.run(
        [*PLAYBOOK, f"molecule/files/{name}.yml", "-e", json.dumps(variables), *more],
        cwd=ROOT, env={**os.environ, **OWN}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) is succeeds, done.stdout[-3000:] + done.stderr[-1000:]
    return int(re.search(r"^px1\s+: ok=\d+\s+changed=(\d+)", done.stdout, re.MULTILINE)[1])


def started(unit):
    """The id of a unit's present run: another one after every start."""
    return PX1.check_output(f"systemctl show --property=InvocationID --value {unit}")


def content(path):
    return PX1.file(path).content_string


def due():
    return PX1.check_output("ls /var/lib/shoko/due")


@pytest.fixture
def service():
    """The scenario's own service, changed by a test; afterwards as it is declared."""
    yield
    play("service")


def test_the_roles_left_what_they_say():
    for unit in ("chrony", "rsyslog", "ulogd2", "sample"):
        assert PX1.service(unit).is_running, unit
        assert PX1.service(unit).is_enabled, unit
    user = PX1.user("sample")
    assert (user.shell, user.home) == ("/usr/sbin/nologin", "/nonexistent")
    word = PX1.file("/etc/sample/word")
    assert (word.user, word.group, word.mode) == ("root", "sample", 0o640)
    assert PX1.file("/etc/shoko/certificates/host.pem").mode == 0o640
    assert due() == ""


def test_a_prediction_for_what_never_ran_touches_nothing():
    assert play("service", "--check", "--diff", service="untried") > 0
    assert not PX1.user("untried").exists
    assert not PX1.file("/etc/untried").exists
    assert PX1.run("find /var/lib/shoko /etc/systemd/system -name '*untried*'").stdout == ""


def test_what_somebody_changed_is_put_back():
    damaged = ["/etc/apt/sources.list.d/debian.sources", "/etc/chrony/chrony.conf", "/etc/sample/word"]
    before = {path: content(path) for path in damaged}
    run = started("chrony")
    PX1.check_output("sh -c 'echo damaged >/etc/apt/sources.list.d/debian.sources'")
    PX1.check_output("rm /etc/chrony/chrony.conf")
    PX1.check_output("chmod 0666 /etc/sample/word")
    PX1.check_output("usermod --shell /bin/bash sample")
    PX1.check_output("systemctl disable --now sample")
    assert play("converge") > 0
    assert {path: content(path) for path in damaged} == before
    assert PX1.file("/etc/sample/word").mode == 0o640
    assert PX1.user("sample").shell == "/usr/sbin/nologin"
    assert PX1.service("sample").is_enabled
    assert PX1.service("sample").is_running
    assert started("chrony") != run, "chrony reads the file that was put back"


def test_packages_go_and_come():
    assert PX1.package("ulogd2").is_installed
    play("service", service_lacks=["ulogd2"])
    assert not PX1.package("ulogd2").is_installed
    assert play("converge", "--tags", "logs") > 0
    assert PX1.package("ulogd2").is_installed
    assert PX1.service("ulogd2").is_running
    assert not PX1.file("/usr/sbin/policy-rc.d").exists


@pytest.mark.usefixtures("service")
def test_what_is_no_longer_declared_is_removed():
    assert PX1.file("/etc/sample/more").exists
    play("service", service_has_more=False)
    assert not PX1.file("/etc/sample/more").exists
    assert PX1.file("/etc/sample/word").exists


def test_a_checker_that_refuses_leaves_all_as_it_was():
    run, whole = started("sample"), PX1.check_output("ls -la --time-style=full-iso /etc/sample /var/lib/shoko/files")
    play("service", succeeds=False, service_word="bad", service_has_more=False)
    assert PX1.check_output("ls -la --time-style=full-iso /etc/sample /var/lib/shoko/files") == whole
    assert content("/etc/sample/word") == "first\n"
    assert (started("sample"), due()) == (run, "")


@pytest.mark.usefixtures("service")
def test_a_restart_that_is_owed_outlives_a_run_that_failed():
    run = started("sample")
    play("service", succeeds=False, service_word="second", service_stops_half_way=True)
    assert content("/etc/sample/word") == "second\n"
    assert (started("sample"), due()) == (run, "sample.service")
    assert play("service", service_word="second") > 0
    assert started("sample") != run
    assert due() == ""
    assert play("service", service_word="second") == 0
