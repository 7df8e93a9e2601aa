"""`permits` as Ansible runs it: against what a host confirmed, without touching it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
WAY = ["ipv4", "tcp", 443, "10.0.0.1", "10.0.1.1"]
ENTRY = {
    "chain": "forward", "flow": "citizen", "from": "internet", "to": "dmz/opac", "service": "https", "users": [],
    "windowed": False, "ways": [WAY],
}  # fmt: skip


def asked(state_dir, entries):
    """Run the module as a program of its own and return its exit code and answer."""
    arguments = {"ANSIBLE_MODULE_ARGS": {"permits": entries, "state_dir": str(state_dir)}}
    script = (
        "from ansible.module_utils.testing import patch_module_args\n"
        "import json, sys\n"
        "from ansible_collections.shoko.core.plugins.modules.permits import main\n"
        "with patch_module_args(json.load(sys.stdin)['ANSIBLE_MODULE_ARGS']):\n"
        "    main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def confirmed(tmp_path):
    """A host's state, in which it confirmed a ruleset that permits one thing."""
    file = tmp_path / "firewall/confirmed.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"permits": [ENTRY]}))
    return tmp_path


def test_a_host_that_confirmed_the_same_has_nothing_ahead(confirmed):
    before = (confirmed / "firewall/confirmed.json").read_bytes()
    assert asked(confirmed, [ENTRY])[1]["permitted"] == asked(confirmed, [ENTRY])[1]["denied"] == []
    assert (confirmed / "firewall/confirmed.json").read_bytes() == before
    assert [path.name for path in confirmed.rglob("*")] == ["firewall", "confirmed.json"]


def test_what_is_new_and_what_goes_is_told_and_nothing_counts_as_changed(confirmed):
    other = {**ENTRY, "to": "webopac/app1", "ways": [[*WAY[:4], "10.0.2.1"]]}
    code, answer = asked(confirmed, [other])
    assert (code, answer["changed"]) == (0, False)
    assert (answer["permitted"], answer["denied"]) == ([other], [ENTRY])


def test_on_a_host_that_confirmed_nothing_everything_is_new(tmp_path):
    assert asked(tmp_path, [ENTRY])[1]["permitted"] == [ENTRY]
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_cannot_be_read_counts_as_none(confirmed):
    (confirmed / "firewall/confirmed.json").write_text("{")
    assert asked(confirmed, [ENTRY])[1]["permitted"] == [ENTRY]
