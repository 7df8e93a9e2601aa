"""A host's fingerprint: asked for with a word that makes each answer a new one."""

import sys
from importlib.resources import files

import pytest

from shoko.observe.fingerprint import ask_files

SCRIPT = str(files("shoko.observe").joinpath("observer.py"))


def observer(tmp_path, program):
    """A command that runs the observer with another program in the place of the host's."""
    tool = tmp_path / "shoko-fingerprint"
    tool.write_text(f"#!/bin/sh\n{program}\n")
    tool.chmod(0o755)
    text = files("shoko.observe").joinpath("observer.py").read_text()
    (tmp_path / "observer.py").write_text(text.replace("/usr/local/sbin/shoko-fingerprint", str(tool)))
    return [sys.executable, "-I", str(tmp_path / "observer.py"), "--each-line"]


def test_the_observer_brings_what_the_host_tells(tmp_path):
    answer = ask_files(observer(tmp_path, "echo @@begin_db; echo @@end_db"))
    assert answer.text == "@@begin_db\n@@end_db\n"
    assert answer.error == ""


def test_a_host_that_cannot_tell_says_why(tmp_path):
    answer = ask_files(observer(tmp_path, "echo 'no such selection' >&2; exit 17"))
    assert answer.error == "no such selection; has role `integrity` run there?"
    assert "role `integrity`" in ask_files([sys.executable, "-I", SCRIPT, "--each-line"]).error


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ('read line; echo \'{"nonce": "0123", "files": "@@begin_db"}\'', "repeats what it told at another time"),
        ("read line; echo '{\"format\": 2}'", "another version"),
        ("read line; echo nonsense", "answers something else than asked"),
        ("echo 'Permission denied (publickey).' >&2; exit 255", "Permission denied"),
        ("exit 0", "the connection ended"),
        ("sleep 60", "no answer within 1 s"),
    ],
)
def test_another_answer_is_none(script, words):
    assert words in ask_files(["sh", "-c", script], seconds=1 if script == "sleep 60" else 60).error


def test_an_answer_recorded_before_is_refused(tmp_path):
    command = observer(tmp_path, "echo @@begin_db")
    recorded = tmp_path / "recorded"
    assert not ask_files(["sh", "-c", f'"$@" | tee {recorded}', "sh", *command]).error
    assert "repeats" in ask_files(["sh", "-c", f"cat >/dev/null; cat {recorded}"]).error
