"""Benches that change the lab's declaration for themselves still find in it what they change."""

import importlib.util
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "bench" / "throughput.py"


def test_throughput_gets_its_thousand_members(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", [str(BENCH)])
    spec = importlib.util.spec_from_file_location("throughput", BENCH)
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    made = bench.site(tmp_path)
    assert len([host for host in made.hosts if host.startswith("tb-")]) >= bench.TERMINALS
    assert "bench" in made.flows
