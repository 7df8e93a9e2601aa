"""How much work a proof is, in pairs of boxes that are looked at: it grows with the rules, not with their pairs."""

from pathlib import Path

import pytest

from shoko.declaration.load import load as declared
from shoko.proof import boxes, rendered
from shoko.proof import read as reading
from shoko.proof.expected.permissions import permissions
from shoko.proof.paths import accepted
from shoko.proof.prove import prove_host

LAB = Path(__file__).resolve().parents[3] / "inventories" / "lab"


@pytest.fixture
def looks(monkeypatch):
    """How many pairs of boxes were looked at while `work` ran."""

    def counted(work):
        count = 0
        apart = boxes.apart

        def counting(one, other):
            nonlocal count
            count += 1
            return apart(one, other)

        with monkeypatch.context() as patch:
            patch.setattr(boxes, "apart", counting)
            work()
        return count

    return counted


def test_a_gateway_of_the_lab_takes_few_looks_for_each_rule(looks):
    declaration = declared(LAB)
    listing = rendered.listings(declaration, ["fw1"])["fw1"]
    rules = sum("rule" in item for item in listing["nftables"])
    every = permissions(declaration)
    assert 0 < looks(lambda: prove_host(declaration, every, "fw1", listing)) < 100 * rules


def matrix(zones, each):
    """A gateway: a chain for each pair of zones, and in it so many rules with a network, ports and a verdict."""
    pairs = [(a, b) for a in range(zones) for b in range(zones) if a != b]
    lines = "".join(
        f"ip saddr 10.0.{number}.0/28 tcp dport {number * 7}-{number * 7 + 30} {'accept' if number % 7 else 'drop'}\n"
        for number in range(each)
    )
    cells = ", ".join(f'"z{a}" . "z{b}" : jump z{a}_{b}' for a, b in pairs)
    text = "".join(f"chain z{a}_{b} {{\n{lines}}}\n" for a, b in pairs)
    return (
        f"table inet t {{\n{text}chain f {{\ntype filter hook forward priority 0; policy drop;\n"
        f"ct state established accept\niifname . oifname vmap {{ {cells} }}\n}}\n}}\n"
    )


def test_three_times_the_pairs_are_about_three_times_the_work(looks, load):
    def analysed(loaded):
        return lambda: accepted(reading.read(loaded.listing, loaded.interfaces), "forward")

    few, many = (looks(analysed(load(matrix(zones, 30)))) for zones in (4, 7))  # 12 and 42 pairs
    assert 12 * 30 < few < many < 4 * few


def test_a_listing_without_elements_that_expire_is_read_once(monkeypatch):
    declaration = declared(LAB)
    listing = rendered.listings(declaration, ["db1"])["db1"]
    times = []
    read = reading.read
    monkeypatch.setattr(reading, "read", lambda *given, **more: times.append(more) or read(*given, **more))
    assert prove_host(declaration, permissions(declaration), "db1", listing).proven
    assert times == [{}]
