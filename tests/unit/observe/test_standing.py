"""A connection that stays: a page for every line, a reason whenever there is none, and a new connection after that."""

import asyncio
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from shoko.declaration.load import load
from shoko.observe.standing import Standing, by_ssh
from shoko.observe.visit import Observation

SCRIPT = str(files("shoko.observe").joinpath("observer.py"))
ROOT = Path(__file__).resolve().parents[3]


def asked(times, *command, seconds=20):
    """Pages asked for one after the other over one `Standing`, which is ended then."""

    async def ask():
        standing = Standing(command, seconds)
        try:
            return [await standing.page() for _time in range(times)]
        finally:
            await standing.end()

    return asyncio.run(ask())


def test_every_line_brings_a_page_over_the_same_connection(tmp_path):
    started = tmp_path / "started"
    command = ["sh", "-c", f'echo x >>{started}; exec "$@"', "sh", sys.executable, "-I", SCRIPT, "--each-line"]
    pages = asked(3, *command)
    assert all(isinstance(page, Observation) for page in pages), pages
    assert started.read_text() == "x\n"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["sh", "-c", "echo 'Permission denied (publickey).' >&2; exit 255"], "cannot be read: Permission denied"),
        (["sh", "-c", "exit 0"], "cannot be read: the connection ended"),
        (["sh", "-c", "read line; echo '{}'; exec sleep 60"], "answers something else than asked"),
        (["/nonexistent/ssh"], "cannot be read: "),
        (["sleep", "60"], "no answer within 0.5 s"),
    ],
)
def test_without_a_page_there_is_a_reason(command, words):
    for page in asked(2, *command, seconds=0.5 if command[0] == "sleep" else 20):
        assert isinstance(page, str)
        assert words in page


def test_a_connection_that_broke_is_made_anew(tmp_path):
    once = tmp_path / "once"
    script = f'[ -e {once} ] || {{ touch {once}; exit 1; }}; exec "$@"'
    first, second = asked(2, "sh", "-c", script, "sh", sys.executable, "-I", SCRIPT, "--each-line")
    assert isinstance(first, str)
    assert isinstance(second, Observation)


def test_nothing_but_the_given_key_and_the_known_host_counts():
    host = load(ROOT / "inventories/lab").hosts["db1"]
    command = by_ssh(host, Path("/etc/shoko/keys/observer"))
    assert command[:4] == ["ssh", "-F", "none", "-T"]
    assert {"IdentitiesOnly=yes", "StrictHostKeyChecking=yes", "UserKnownHostsFile=none", "BatchMode=yes"} <= set(
        command
    )
    assert command[-3:] == ["-l", "shoko-observe", "10.10.50.11"]
