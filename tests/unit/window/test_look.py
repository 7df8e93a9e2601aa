"""Until when a person's windows are open: everywhere, or not at all."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shoko.declaration.load import load
from shoko.declaration.model import Window
from shoko.window import look
from shoko.window.errors import WindowError
from shoko.window.remote import Answer

FLOW, PERSON = "vendor-maintenance", "vendor-engineer"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
END = NOW.timestamp() + 3600


@pytest.fixture(scope="module")
def lab():
    return load(Path(__file__).resolve().parents[3] / "inventories/lab")


@pytest.fixture
def hosts(monkeypatch):
    """What each host answers, by name; END where nothing else is said."""
    said = {}

    def ask(_declaration, _config, _command, stdin):
        return [said.get(host, Answer(host, json.dumps({FLOW: END}), None)) for host in stdin]

    monkeypatch.setattr(look, "ask", ask)
    return said


def test_a_window_that_is_open_everywhere_is_open(lab, hosts):
    assert look.open_until(lab, None, PERSON, NOW) == NOW + timedelta(hours=1)


def test_it_is_open_until_the_first_of_them_closes(lab, hosts):
    hosts["fw2"] = Answer("fw2", json.dumps({FLOW: END - 600}), None)
    assert look.open_until(lab, None, PERSON, NOW) == NOW + timedelta(minutes=50)


def test_one_host_where_it_is_closed_closes_it(lab, hosts):
    hosts["bas1"] = Answer("bas1", "{}", None)
    assert look.open_until(lab, None, PERSON, NOW) is None


def test_a_host_that_does_not_answer_is_named(lab, hosts):
    hosts["fw1"] = Answer("fw1", "", "no route to host")
    with pytest.raises(WindowError, match="fw1: no route to host"):
        look.open_until(lab, None, PERSON, NOW)


@pytest.mark.parametrize(("begins", "open_"), [(-1, True), (1, False), (-5, False)])
def test_agreed_times_need_no_question(lab, monkeypatch, begins, open_):
    start = NOW + timedelta(hours=begins)
    window = Window(start, start + timedelta(hours=4), by_command=False, longest=None)
    site = replace(lab, flows={FLOW: replace(lab.flows[FLOW], window=window)})
    monkeypatch.setattr(look, "ask", None)
    assert look.open_until(site, None, PERSON, NOW) == (window.end if open_ else None)
    assert look.open_until(site, None, "somebody else", NOW) is None
