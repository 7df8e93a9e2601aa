"""What a `files` task may say of a path, and what it is told when it says something else."""

import pytest

from ansible_collections.shoko.core.plugins.module_utils.entries import make_entry, refuse_conflicts, source_of
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.payload import pack, unpack


def entry(raw, data=b""):
    return make_entry(raw, source_of(raw, 0), data)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("text", "must be a mapping"),
        ({"content": "x"}, "absolute"),
        ({"path": "etc/x", "content": "x"}, "absolute"),
        ({"path": "/etc/../x", "content": "x"}, "absolute, normal"),
        ({"path": "/x", "content": "x"}, "directly below /"),
        ({"path": "/etc/x"}, "no source"),
        ({"path": "/etc/x", "content": "x", "template": "y"}, "exactly one"),
        ({"path": "/etc/x", "content": "x", "vars": {}}, "unknown key vars"),
        ({"path": "/etc/x", "link": "/y", "mode": "0644"}, "unknown key mode"),
        ({"path": "/etc/x", "directory": False}, "must be true"),
        ({"path": "/etc/x", "content": "x", "mode": 420}, "quoted octal"),
        ({"path": "/etc/x", "content": "x", "mode": "rw"}, "quoted octal"),
        ({"path": "/etc/x", "content": "x", "owner": 0}, "not a name"),
        ({"path": "/etc/x", "content": "x", "restart": "nginx"}, "list of units"),
        ({"path": "/etc/x", "link": ""}, "name the target"),
    ],
)
def test_unclear_entries_are_refused_by_name(raw, words):
    with pytest.raises(HostError, match=words):
        entry(raw)


def test_defaults_are_roots_and_readable():
    file, folder = entry({"path": "/etc/x", "content": ""}), entry({"path": "/etc/y", "directory": True})
    assert (file.mode, file.owner, file.group) == (0o644, "root", "root")
    assert folder.mode == 0o755


def test_one_path_stands_once():
    twice = [entry({"path": "/etc/x", "content": "a"}), entry({"path": "/etc/x", "absent": True})]
    with pytest.raises(HostError, match="listed twice"):
        refuse_conflicts(twice)


def test_nothing_lies_below_a_file():
    with pytest.raises(HostError, match="/etc/x above it is listed as file"):
        refuse_conflicts([entry({"path": "/etc/x", "content": "a"}), entry({"path": "/etc/x/y", "content": "b"})])


def test_any_bytes_travel_unchanged():
    sent = [entry({"path": "/etc/x", "source": "x", "secret": True, "restart": ["a"]}, bytes(range(256)))]
    assert unpack(pack(sent)) == sent


def test_a_foreign_payload_is_refused():
    with pytest.raises(HostError, match="payload"):
        unpack("bm90aGluZw==")
