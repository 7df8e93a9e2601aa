"""The declared sites are proven as rendered; what breaks them is shown by a packet and the rule."""

import json
from pathlib import Path

import pytest

from shoko import cli
from shoko.declaration.load import load as declared
from shoko.proof import rendered
from shoko.proof.load import loaded
from shoko.proof.prove import prove_site
from shoko.proof.report import lines, verdict

SITES = Path(__file__).resolve().parents[3] / "inventories"


@pytest.fixture(scope="module")
def museum():
    declaration = declared(SITES / "museum")
    return declaration, rendered.listings(declaration)


@pytest.mark.parametrize("site", ["lab", "museum"])
def test_every_host_of_the_declared_sites_is_proven(site):
    declaration = declared(SITES / site)
    proofs = prove_site(declaration, rendered.listings(declaration))
    assert "\n".join(lines(proofs)).splitlines()[:-1] == []
    assert [proof.host for proof in proofs if proof.proven] == list(declaration.hosts)


def test_a_host_without_a_ruleset_is_unproved(museum):
    declaration, found = museum
    proofs = prove_site(declaration, {**found, "srv1": "cannot be reached: no route"})
    assert verdict(proofs) == 2
    assert "srv1: UNPROVED: cannot be reached: no route" in list(lines(proofs))
    assert verdict(prove_site(declaration, {})) == 2


def test_an_empty_ruleset_is_shown_by_packets_and_policies(museum):
    declaration, found = museum
    proofs = prove_site(declaration, {**found, "fw1": loaded("", "nothing")})
    assert verdict(proofs) == 1
    kinds = {(one.kind, one.path) for proof in proofs for one in proof.findings}
    assert {(kind, path) for kind in ("passes", "default") for path in ("input", "forward", "output")} <= kinds


def test_the_command_tells_people_and_machines(monkeypatch, capsys):
    monkeypatch.chdir(SITES.parent)
    command = ["prove", "--static", "--rendered", "-i", "inventories/museum", "--host", "srv1"]
    assert cli.main(command) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == "proven: 1 of 1 hosts enforce exactly what the declaration permits"
    assert second.startswith("together: only some hosts were asked")
    assert cli.main([*command, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["result"], said["hosts"][0]["host"], said["hosts"][0]["result"]) == ("proven", "srv1", "proven")
    assert cli.main([*command[:-1], "nobody"]) == 2
    assert "no such host: nobody" in capsys.readouterr().err
