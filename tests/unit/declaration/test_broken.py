"""Every broken declaration is refused with exactly the expected lines, and the sound one is not."""

import json
from pathlib import Path

import pytest

from shoko.cli import main
from shoko.declaration import DeclarationInvalid, check, load

ROOT = Path(__file__).parents[3]
BROKEN = ROOT / "tests" / "broken"
CASES = sorted(path.parent.name for path in BROKEN.glob("*/expected"))


def test_there_are_cases() -> None:
    assert len(CASES) >= 14
    assert sorted(path.name for path in BROKEN.iterdir() if path.is_dir() and path.name != "sound") == CASES


@pytest.mark.parametrize("case", CASES)
def test_broken_declaration_is_refused_with_these_lines(
    case: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    code = main(["check", "-i", f"tests/broken/{case}"])
    assert capsys.readouterr().out == (BROKEN / case / "expected").read_text(encoding="utf-8")
    assert code == 1


@pytest.mark.parametrize("case", CASES)
def test_broken_declaration_cannot_be_loaded(case: str) -> None:
    with pytest.raises(DeclarationInvalid) as caught:
        load(BROKEN / case)
    assert list(caught.value.problems) == check(BROKEN / case)
    assert str(caught.value).count("\n") == len(caught.value.problems)


def test_the_sound_one_is_sound() -> None:
    assert check(BROKEN / "sound") == []
    assert load(BROKEN / "sound").key == "sound"


def test_json_tells_the_same(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["check", "--json", "-i", "tests/broken/even-quorum/shoko.yml"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["valid"] is False
    assert report["problems"] == [
        {
            "file": "tests/broken/even-quorum/declaration/hosts.yml",
            "line": 12,
            "path": "hosts.px1.groups",
            "message": "etcd has 2 members (app1, px1)",
            "allowed": "an odd number: a quorum needs a majority",
        }
    ]
