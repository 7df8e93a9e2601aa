"""Which windows may be opened, for how long, and where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shoko.cli import main
from shoko.declaration import load
from shoko.declaration.model import Declaration
from shoko.window.duration import duration, spoken
from shoko.window.errors import WindowError
from shoko.window.plan import openings, until, windowed_flow

SITE = Path(__file__).resolve().parents[3] / "inventories/lab"
NOW = datetime(2026, 12, 7, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def declaration() -> Declaration:
    return load(SITE)


@pytest.mark.parametrize(("text", "minutes"), [("30m", 30), ("2h", 120), ("1h30m", 90), ("90m", 90)])
def test_a_length_is_read_as_people_write_it(text: str, minutes: int) -> None:
    assert duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "0m", "2", "2 h", "-1h", "1d", "m", "h"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(WindowError, match="not a length of time"):
        duration(text)


def test_a_length_is_said_back() -> None:
    assert [spoken(timedelta(minutes=m)) for m in (30, 120, 90)] == ["30m", "2h", "1h30m"]


def test_only_a_flow_that_a_command_opens_has_a_window(declaration: Declaration) -> None:
    with pytest.raises(WindowError, match=r"citizen: is no flow .* \(there are: vendor-maintenance\)"):
        windowed_flow(declaration, "citizen")


def test_longer_than_declared_is_refused(declaration: Declaration) -> None:
    flow = windowed_flow(declaration, "vendor-maintenance")
    assert until(flow, timedelta(hours=4), NOW) == NOW + timedelta(hours=4)
    with pytest.raises(WindowError, match="4h1m is longer than declared"):
        until(flow, timedelta(hours=4, minutes=1), NOW)


def test_both_gateways_and_the_bastion_open_exactly_one_pair(declaration: Declaration) -> None:
    found = openings(declaration, "vendor-maintenance")
    assert [opening.host for opening in found] == ["fw1", "fw2", "bas1"]
    mark = 0x80000000 | declaration.flows["vendor-maintenance"].number
    for opening in found:
        assert opening.elements["open4"] == [[mark, "10.10.70.21", "10.10.71.11", 22]]


def test_a_refusal_is_one_line_and_exit_code_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["window", "open", "-i", str(SITE), "vendor-maintenance", "--for", "9h"]) == 1
    assert capsys.readouterr().err == "shoko: vendor-maintenance: 9h is longer than declared (at most 4h)\n"
