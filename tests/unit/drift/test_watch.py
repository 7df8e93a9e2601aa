"""The watch: what it keeps between readings, when it holds back, and what it says to whom."""

import json
import os
import socket

import pytest

from shoko.drift import watch
from shoko.drift.alerts import Line, State


@pytest.mark.parametrize(
    ("age", "goes_on"), [(0, True), (60, True), (29 * 60, True), (31 * 60, False), (86400, False), (-60, False)]
)
def test_a_run_holds_alerts_back_for_half_an_hour_at_most(tmp_path, age, goes_on):
    mark = tmp_path / "mark"
    mark.touch()
    os.utime(mark, (1_000_000 - age, 1_000_000 - age))
    assert watch.run_goes_on(mark, 1_000_000) is goes_on


def test_without_a_mark_no_run_goes_on(tmp_path):
    assert not watch.run_goes_on(tmp_path / "mark", 1_000_000)


def test_what_was_told_is_kept_whole(tmp_path):
    state = State({"db1": {"abc": "words"}}, {"fw1": "no answer"}, {"fw1": 3}, "2026-12-01T00:00:00Z", held=True)
    watch.write_state(tmp_path / "state.json", state)
    assert watch.read_state(tmp_path / "state.json") == state
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"format": 9}', '{"format": 1, "told": 5}'])
def test_with_another_file_everything_is_told_again(tmp_path, content):
    if content is not None:
        (tmp_path / "state.json").write_text(content)
    assert watch.read_state(tmp_path / "state.json") == State()


def test_a_line_begins_with_its_priority(capsys):
    watch.say(Line(1, "DRIFT db1: words"))
    assert capsys.readouterr().out == "<1>DRIFT db1: words\n"


def test_what_a_host_says_cannot_write_a_line_of_its_own(capsys):
    watch.say(Line(1, "UNREAD db1: no\n<5>ENDED db1: can be read again\x1b[2J"))
    assert capsys.readouterr().out == "<1>UNREAD db1: no | <5>ENDED db1: can be read again\\x1b[2J\n"


def test_systemd_hears_that_it_lives(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        watch.tell_systemd("WATCHDOG=1")
        assert manager.recv(100) == b"WATCHDOG=1"


def test_a_site_that_cannot_be_read_ends_the_watch_with_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["watch", str(tmp_path), "--key", "k", "--state", str(tmp_path / "s")])
    assert watch.main() == 2
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("<3>the watch cannot go on: ")


def test_the_state_is_plain_json(tmp_path):
    watch.write_state(tmp_path / "s", State(at="now"))
    assert json.loads((tmp_path / "s").read_text())["at"] == "now"
