"""The demonstration of layers judged: who has to end an attempt when some layers are taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shoko import cli
from shoko.proof.dynamic.hosts_attempts import Attempt
from shoko.proof.dynamic.layers_cells import Cell
from shoko.proof.dynamic.layers_proxy import Request
from shoko.proof.dynamic.layers_removal import Way, opened, retagged, routed
from shoko.proof.dynamic.layers_result import WAY, LayerSuite, Row, judge

SITES = Path(__file__).resolve().parents[3] / "inventories"
ONE = Attempt("a1", "10.0.1.1", "10.0.2.1", "tcp", 22)
CELL = Cell("a.servers", "b.servers", (ONE,))


def row(layers: tuple[Any, ...], *, vlan: bool = True, back_alone: bool = False, **other: Any) -> Row:
    """A row in which every round went as the layers say."""

    def first(away: tuple[str, ...]) -> Any:
        left = [one for one in layers if one not in away and not (back_alone and one == "route")]
        last = "receiver" if back_alone and "route" not in away else "reached"
        return left[0] if left else last

    found = Row(ONE, layers, back_alone=back_alone, intact=first(()), open="reached")
    for layer in WAY:
        found.without[layer] = first((layer,))
        found.alone[layer] = first(tuple(one for one in WAY if one != layer))
    if vlan:
        found.without["vlan"], found.alone["vlan"], found.straight = first(()), "vlan", "receiver"
    for name, value in other.items():
        setattr(found, name, value)
    return found


def judged(one: Row, *asked: Request) -> LayerSuite:
    """The suite of one cell with one attempt."""
    return judge([CELL], [one], asked, [])


@pytest.mark.parametrize("layers", [WAY, ("sender", "receiver"), ("gateway", "receiver"), ("receiver",)])
def test_layers_that_hold_one_after_the_other_are_proven(layers: tuple[Any, ...]) -> None:
    result = judged(row(layers))
    assert result.proven, result
    assert result.counts.unaccounted == 0


def test_a_receiver_without_a_way_back_takes_nothing_from_there() -> None:
    assert judged(row(("route", "sender", "receiver"), back_alone=True)).proven
    assert not judged(row(("route", "sender", "receiver"))  # as if the sender had had no route
                      .__class__(ONE, ("route", "sender"), True, "sender", dict.fromkeys((*WAY, "vlan"), "reached"),
                                 dict.fromkeys(WAY, "reached"), "reached")).proven  # fmt: skip


def test_a_layer_that_was_claimed_and_does_not_hold_is_a_counterexample() -> None:
    wrong = row(("sender", "receiver"))
    wrong.without["sender"] = "reached"
    result = judged(wrong)
    assert [one.kind for one in result.findings] == ["passes"]
    assert "sender taken away" in result.findings[0].what


def test_another_layer_than_the_analysis_says_is_a_difference() -> None:
    wrong = row(WAY)
    wrong.alone["receiver"] = "gateway"
    assert [one.kind for one in judged(wrong).findings] == ["model"]


def test_what_no_layer_denies_is_a_counterexample() -> None:
    result = judged(row((), vlan=False))
    assert [one.kind for one in result.findings] == ["passes"]
    assert "no layer denies it" in "\n".join(result.about())


def test_one_layer_alone_is_said_to_be_one() -> None:
    result = judged(row(("receiver",), vlan=False))
    assert result.proven
    assert list(result.about()) == ["layers: a.servers -> b.servers (IPv4): one layer alone: receiver"]


def test_a_round_that_shows_nothing_is_unproved() -> None:
    assert judged(row(WAY, intact="lost")).unproved
    assert judged(row(WAY, open="receiver")).unproved, "everything open, and it does not arrive"


def test_frames_that_cross_a_standing_vlan_are_a_difference() -> None:
    wrong = row(WAY)
    wrong.alone["vlan"] = "receiver"
    assert not judged(wrong).proven


def test_the_proxies_allowlist_is_one_layer_and_has_to_refuse() -> None:
    request = Request("a.servers", "a1", "10.0.1.1", "10.0.3.1", 3128, True, True, False)
    result = judged(row(WAY), request)
    assert result.proven
    assert "one layer alone: the proxy's allowlist" in list(result.about())[-1]
    request.refused_alone = False
    assert [one.kind for one in judged(row(WAY), request).findings] == ["passes"]


def test_every_change_carries_the_mark_by_which_it_is_put_back() -> None:
    script = opened(["spoof", "input"])
    assert script.count('comment "layer-removed"') == 2
    assert "tcp timeout 60s" in script
    assert retagged({"db1.data": (50, 41)}) == "ovs-vsctl set port db1.data tag=41 external_ids:layer-removed=50"
    script = routed(
        [Way("10.0.1.1", "10.0.2.1", "a", "10.0.1.254"), Way("fd::1", "fd::2", "a", at="02:00:00:00:00:01")]
    )
    lines = [line for line in script.splitlines() if line.startswith(("route", "rule", "neigh"))]
    assert len(lines) == 5
    assert all(line.endswith("protocol 199") for line in lines)


@pytest.mark.parametrize("more", [[], ["--layers"]])
def test_it_refuses_to_work_anywhere_but_on_the_lab(
    more: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOKO_LAB_STATE", str(tmp_path))
    assert (
        cli.main(["prove", "-i", str(SITES / "museum"), "--dynamic", "--suite", "hosts"][: 4 if more else 6] + more)
        == 2
    )
    said = capsys.readouterr().err
    assert "there is no lab of this site" in said
    assert len(said.splitlines()) == 1
