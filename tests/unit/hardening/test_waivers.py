"""What is waived of a benchmark: until when, and why. Whether a waiver is still needed, the scan says."""

from __future__ import annotations

import datetime

import pytest

from shoko.hardening import waivers as module
from shoko.hardening.waivers import BadWaiver, waivers

TODAY = datetime.datetime.now(tz=datetime.UTC).date()


def test_no_waiver_has_ended_and_each_says_why() -> None:
    found = waivers("anssi_bp28_enhanced")
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
