"""How much work a proof is, counted in boxes that are cut: it grows with the rules, and not with their pairs."""

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
def cuts(monkeypatch):
    """How often a box was cut by another, while `work` ran."""

    def counted(work):
        count = 0
        minus = boxes.minus

        def counting(one, other):
            nonlocal count
            count += 1
            return minus(one, other)

        with monkeypatch.context() as patch:
            patch.setattr(boxes, "minus", counting)
            work()
        return count

    return counted


def test_a_gateway_of_the_lab_takes_few_cuts_for_each_rule(cuts):
    declaration = declared(LAB)
    listing = rendered.listings(declaration, ["fw1"])["fw1"]
    rules = sum("rule" in item for item in listing["nftables"])
    every = permissions(declaration)
    assert 0 < cuts(lambda: prove_host(declaration, every, "fw1", listing)) < 25 * rules


def matrix(rules):
    """A gateway of three zones: a chain for each pair, and in it a host, a port and a verdict for each rule."""
    pairs = [(a, b) for a in ("za", "zb", "zc") for b in ("za", "zb", "zc") if a != b]
    chains = {pair: "" for pair in pairs}
    for number in range(rules):
        ports = f"{number * 7 % 5000}-{number * 7 % 5000 + 30}"
        verdict = "drop" if number % 7 == 0 else "accept"
        chains[pairs[number % 6]] += (
            f"ip saddr 10.0.{number % 200}.{number % 16 * 16}/28 tcp dport {ports} counter {verdict}\n"
        )
    cells = ", ".join(f'"{a}" . "{b}" : jump {a}_{b}' for a, b in pairs)
    text = "".join(f"chain {a}_{b} {{\n{lines}}}\n" for (a, b), lines in chains.items())
    return (
        f"table inet t {{\n{text}chain f {{\ntype filter hook forward priority 0; policy drop;\n"
        f"ct state established accept\niifname . oifname vmap {{ {cells} }}\n}}\n}}\n"
    )


def test_twice_the_rules_are_about_twice_the_work(cuts, load):
    few, many = (
        cuts(lambda loaded=load(matrix(rules)): accepted(reading.read(loaded.listing, loaded.interfaces), "forward"))
        for rules in (600, 1200)
    )
    assert 600 < few < many < 3 * few


def test_a_listing_without_elements_that_expire_is_read_once(monkeypatch):
    declaration = declared(LAB)
    listing = rendered.listings(declaration, ["db1"])["db1"]
    times = []
    read = reading.read
    monkeypatch.setattr(reading, "read", lambda *given, **more: times.append(more) or read(*given, **more))
    assert prove_host(declaration, permissions(declaration), "db1", listing).proven
    assert times == [{}]
