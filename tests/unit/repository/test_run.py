"""`tests/run` leaves nothing behind when it is ended in the middle."""

import importlib.machinery
import importlib.util
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest

PROGRAM = Path(__file__).parents[2] / "run"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program, read anew, with its logs aside."""
    loader = importlib.machinery.SourceFileLoader("tests_run", str(PROGRAM))
    spec = importlib.util.spec_from_loader("tests_run", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "tests_run", module)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    monkeypatch.setattr(module, "LOGS", tmp_path)
    return module


def test_an_end_in_the_middle_ends_both_tracks_and_starts_no_further_phase(program: ModuleType, tmp_path: Path) -> None:
    late, tracks = tmp_path / "late", []
    for name in ("code", "hosts"):
        waits = program.Phase(f"{name}-waits", ["sleep", "600"], program.whole)
        then = program.Phase(f"{name}-then", ["touch", str(late)], program.whole)
        total = program.Outcome(0, 0)
        tracks.append(
            threading.Thread(target=program.run_track, args=([waits, then], {"PATH": "/bin:/usr/bin"}, total))
        )
    for track in tracks:
        track.start()
    while len(program.RUNNING) < len(tracks):
        time.sleep(0.01)
    program.end_phases(tracks)
    assert not any(track.is_alive() for track in tracks)
    assert not program.RUNNING
    assert not late.exists()


def test_a_phase_that_is_ended_takes_down_what_it_made(program: ModuleType, tmp_path: Path) -> None:
    made = tmp_path / "made"
    words = f"trap 'rm {made}; exit 1' INT; touch {made}; while :; do sleep 0.1; done"
    phase = program.Phase("makes", ["bash", "-c", words], program.whole)
    outcome = program.Outcome(0, 0)
    track = threading.Thread(target=program.run_track, args=([phase], {"PATH": "/bin:/usr/bin"}, outcome))
    track.start()
    while not made.exists():
        time.sleep(0.01)
    program.end_phases([track])
    assert not made.exists()
    assert outcome.failed == 1
