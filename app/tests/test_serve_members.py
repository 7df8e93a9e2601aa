"""The desk behind My Library as a service: its host learns whether it works."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from shoko_ils.mylibrary import desk
from shoko_ils.mylibrary.management.commands.serve_members import Command


class Enough(Exception):
    """Ends the service in the middle."""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What systemd hears."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        yield listening


def test_it_is_ready_once_it_has_worked_and_says_at_each_round_that_it_goes_on(
    db: None, told: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = iter([None])

    def wait() -> None:
        if next(rounds, "end") == "end":
            raise Enough

    monkeypatch.setattr(Command, "_wait", staticmethod(wait))
    with pytest.raises(Enough):
        call_command("serve_members")
    assert [told.recv(100) for _ in range(2)] == [b"READY=1\nWATCHDOG=1"] * 2


def test_what_does_not_work_is_never_ready(db: None, told: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise Enough

    monkeypatch.setattr(desk, "work", broken)
    with pytest.raises(Enough):
        call_command("serve_members")
    with pytest.raises(BlockingIOError):
        told.recv(100)
