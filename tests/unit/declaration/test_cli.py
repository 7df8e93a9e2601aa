"""The `shoko` command as people and scripts meet it."""

import subprocess
import sys
from pathlib import Path

import pytest

from shoko.cli import AREAS, main, parser

ROOT = Path(__file__).parents[3]


def _shoko(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shoko.cli", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_check_of_a_right_site_prints_one_line_and_exits_0() -> None:
    done = _shoko("check", "-i", "inventories/museum/shoko.yml")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout == (
        "inventories/museum: 6 zones, 8 segments, 7 hosts, 12 services, 8 flows, 4 platform flows, 4 sentences\n"
    )


def test_site_that_is_not_there_gets_one_clear_line() -> None:
    done = _shoko("check", "-i", "inventories/nowhere")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == (
        "inventories/nowhere/declaration: is not a directory (it holds the site's *.yml)"
    )


def test_other_commands_tell_a_broken_declaration_without_a_traceback() -> None:
    done = _shoko("topology", "-i", "tests/broken/even-quorum")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[0] == "shoko: tests/broken/even-quorum: 1 mistake in the declaration"
    assert "Traceback" not in done.stderr


def test_reader_that_goes_away_is_no_error() -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m shoko.cli topology | head -n 1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "ゾーン\n"
    assert done.stderr == ""


def test_check_does_not_pay_for_other_areas() -> None:
    script = (
        "import sys; from shoko.cli import main; main(['check']); "
        "print([name for name in sys.modules if name.startswith(('shoko.lab', 'shoko.policy', 'cryptography'))])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_names_every_command() -> None:
    shown = parser([]).format_help()
    assert [command for command in AREAS if f"\n    {command} " not in shown] == []


def test_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["chekc"])
    assert caught.value.code == 2
    assert "invalid choice: 'chekc'" in capsys.readouterr().err
