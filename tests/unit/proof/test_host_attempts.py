"""The host suite's attempts: which exist, which are permitted, and what the analysis says becomes of each."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from shoko.declaration.load import load as declared
from shoko.proof import rendered
from shoko.proof.dynamic.hosts_attempts import OTHERS, Attempt, Permitted, attempts, parties
from shoko.proof.dynamic.hosts_fates import Roles
from shoko.proof.dynamic.hosts_model import HostModel, Model
from shoko.proof.expected.permissions import permissions

from .permitted import permitted as by_the_tests

SITES = Path(__file__).resolve().parents[3] / "inventories"


@cache
def enumerated(site: str) -> tuple[set[Attempt], set[Attempt]]:
    """Every attempt of a site, and those that the proof's expansion permits without a window."""
    declaration = declared(SITES / site)
    everybody = parties(declaration)
    ask = Permitted(declaration, permissions(declaration), everybody)
    every = set(attempts(declaration, everybody, 1))
    return every, {one for one in every if (found := ask(one)) is not None and not found.windowed}


@pytest.mark.parametrize("site", ["lab", "museum"])
def test_what_is_permitted_is_what_an_independent_reading_of_the_flows_permits(site: str) -> None:
    every, permitted = enumerated(site)
    holders = parties(declared(SITES / site)).holders
    other = {
        Attempt(one.host, one.source, one.destination, one.protocol, one.port, one.user)
        for one in by_the_tests(declared(SITES / site))
        if one.host not in holders[one.destination]  # a holder of a shared address may be it
    }
    assert len(permitted) > 40
    assert {one for one in permitted if one.user is None} == {one for one in other if one.user is None}
    # A flow without process is open to every process, one with a process to nobody else.
    named = {one for one in permitted if one.user is not None and replace(one, user=None) not in permitted}
    assert named == {one for one in other if one.user is not None}
    assert other <= every


def test_every_leg_is_tried_towards_every_address_at_every_port_of_a_service_and_some_others() -> None:
    declaration = declared(SITES / "lab")
    every, _ = enumerated("lab")
    ports = {(port.protocol, port.number) for service in declaration.services.values() for port in service.ports}
    for leg in declaration.hosts["app1"].legs:
        for address in ("10.10.50.11", "198.51.100.20", "203.0.113.1", "192.0.2.2"):
            tried = {
                (one.protocol, one.port)
                for one in every
                if (one.source, one.destination, one.user) == (str(leg.ipv4), address, None)
            }
            assert ports <= tried
            assert len(tried - ports) == 2 * OTHERS
    assert {one.user for one in every if one.host == "app1"} == {None, "ils-public", "ils-staff", "ils-owner"}
    assert not {one for one in every if one.host == "home" and one.destination == "203.0.113.66"}, "nobody of ours"


def test_other_ports_change_with_the_sample_and_not_by_themselves() -> None:
    declaration = declared(SITES / "museum")
    everybody = parties(declaration)
    first, again, other = (set(attempts(declaration, everybody, sample)) for sample in (1, 1, 2))
    assert first == again
    assert first != other
    assert len(first) == len(other)


def test_the_analysis_of_the_rendered_rulesets_lets_arrive_what_is_permitted_and_nothing_else() -> None:
    declaration = declared(SITES / "museum")
    listings = rendered.listings(declaration)
    everybody = parties(declaration)
    roles = Roles(
        declaration.gateways.hosts,
        frozenset(declaration.external),
        {address: holders[0] for address, holders in everybody.holders.items()},
    )
    models = {host: HostModel(declaration, host, listing) for host, listing in listings.items()}
    model = Model(declaration, models, roles, declaration.gateways.hosts[0])
    legs = {
        (host.name, str(address)): leg.interface
        for host in declaration.hosts.values()
        for leg in host.legs
        for address in (leg.ipv4, leg.ipv6)
    }
    ask = Permitted(declaration, permissions(declaration), everybody)
    seen = set()
    for one in attempts(declaration, everybody, 1):
        found = ask(one)
        if one.host in declaration.gateways.hosts or one.host == roles.holding[one.destination]:
            continue  # they choose their leg by the destination
        fate = model.fate(one, legs.get((one.host, one.source), "sync"))
        seen.add(fate)
        assert (fate == "reached") == (found is not None and not found.windowed), (one, fate, found)
    assert seen >= {"sender", "gateway", "receiver", "reached"}


def test_where_flows_overlap_the_mark_of_each_is_right_and_of_no_other() -> None:
    declaration = declared(SITES / "lab")
    ask = Permitted(declaration, permissions(declaration), parties(declaration))
    numbers = {flow.name: flow.number for flow in declaration.flows.values()}
    app1, proxy = declaration.hosts["app1"].leg("business").ipv4, declaration.vips["proxy"].ipv4
    assert ask.marks(Attempt("app1", str(app1), str(proxy), "tcp", 3128)) == {
        numbers["cataloguing"],
        numbers["updates"],
    }
    assert ask.marks(Attempt("app1", str(app1), str(proxy), "tcp", 22)) == frozenset()
