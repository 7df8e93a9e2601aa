"""The comparison of a prediction with what was done: every kind of difference is seen and named with its host."""

import importlib.util
import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "predicted.py"
spec = importlib.util.spec_from_file_location("predicted", SCRIPT)
predicted = importlib.util.module_from_spec(spec)
spec.loader.exec_module(predicted)

PACKET = {"chain": "input", "flow": "web", "from": "dmz/rp1", "to": "webopac/app1",
          "ways": [["ipv4", "tcp", 443, "10.0.0.1", "10.0.1.1"]]}  # fmt: skip


def page(**more):
    return {
        "files": {"rp1": {"/etc/nginx/nginx.conf": "create"}},
        "due": {"rp1": ["restart nginx"]},
        "packages": {"rp1": ["nginx-light"]},
        "firewalls": {"rp1": ["it is another"]},
        "packets": {"rp1": {"permitted": [PACKET], "denied": []}},
        **more,
    }


def compared(tmp_path, plan, record):
    names = []
    for name, content in (("plan", plan), ("record", record)):
        (tmp_path / name).write_text(json.dumps(content))
        names.append(str(tmp_path / name))
    return predicted.main(names)


def test_a_true_prediction_passes(tmp_path, capsys):
    assert compared(tmp_path, page(), page()) == 0
    assert capsys.readouterr().out.splitlines() == ["1 hosts, 1 files written", "1 passed, 0 failed"]


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("files", {}, "rp1: files: predicted, not done: create /etc/nginx/nginx.conf"),
        (
            "files",
            {"/etc/nginx/nginx.conf": "modify"},
            "rp1: files: done, not predicted: modify /etc/nginx/nginx.conf",
        ),
        ("due", ["restart nginx", "reload nftables"], "rp1: due: done, not predicted: reload nftables"),
        ("packages", [], "rp1: packages: predicted, not done: nginx-light"),
        (
            "packets",
            {"permitted": [], "denied": []},
            "rp1: packets: predicted, not done: permitted input web dmz/rp1 → webopac/app1 "
            "ipv4 tcp 443 10.0.0.1 10.0.1.1",
        ),
    ],
)
def test_a_difference_is_told_with_its_host(tmp_path, capsys, kind, value, told):
    assert compared(tmp_path, page(), page(**{kind: {"rp1": value}})) == 1
    assert told in capsys.readouterr().out.splitlines()


def test_a_host_that_only_one_of_them_names_is_a_difference(tmp_path, capsys):
    record = page()
    record["files"]["db1"] = {"/etc/x": "create"}
    assert compared(tmp_path, page(), record) == 1
    assert "db1: files: done, not predicted: create /etc/x" in capsys.readouterr().out


def test_two_empty_pages_show_nothing(tmp_path):
    empty = {kind: {} for kind in page()}
    assert compared(tmp_path, empty, empty) == 1


def test_another_shape_of_page_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no two pages"):
        compared(tmp_path, page(), {"files": {}})


def test_a_broken_connection_is_told_and_is_no_difference(tmp_path, capsys):
    plan, record = page(sent_twice={}), page(sent_twice={"rp1": ["Configure nginx"], "db1": ["Keep users"]})
    assert compared(tmp_path, plan, record) == 0
    assert capsys.readouterr().out.splitlines() == [
        "rp1: a connection broke, so these were sent twice: Configure nginx",
        "db1: a connection broke, so these were sent twice: Keep users",
        "1 hosts, 1 files written",
        "1 passed, 0 failed",
    ]
