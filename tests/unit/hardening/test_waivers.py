"""What is waived of a benchmark: until when, and why. Whether a waiver is still needed, the scan says."""

from __future__ import annotations

import datetime

import pytest

from shoko.hardening import waivers as module
from shoko.hardening.waivers import BadWaiver, benchmarks, waivers

TODAY = datetime.datetime.now(tz=datetime.UTC).date()


@pytest.mark.parametrize("benchmark", benchmarks())
def test_no_waiver_has_ended_and_each_says_why(benchmark: str) -> None:
    found = waivers(benchmark)
    assert found
    assert [rule for rule, waiver in found.items() if waiver.until < TODAY] == []
    assert [rule for rule, waiver in found.items() if len(waiver.why.split()) < 5] == []


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ([{"until": TODAY, "rules": ["a"]}], "wants `until`, `why` and `rules`"),
        ([{"until": TODAY, "why": "x", "rules": ["a", "a"]}], "a: waived twice"),
    ],
)
def test_a_slip_in_the_data_is_told(groups: list[dict], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_data", lambda: {"one": groups})
    with pytest.raises(BadWaiver, match=words):
        waivers("one")


def test_what_one_group_needs_is_waived_for_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = [
        {"until": TODAY, "why": "x", "rules": ["a"]},
        {"until": TODAY, "why": "x", "rules": ["b"], "at": "proxies"},
    ]
    monkeypatch.setattr(module, "_data", lambda: {"one": groups})
    assert set(waivers("one", "terminals")) == {"a"}
    assert set(waivers("one", "proxies")) == set(waivers("one")) == {"a", "b"}
