"""From the declaration to the plan: who is plugged in where."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from shoko.bootstrap import ensure_keys
from shoko.declaration import Declaration, load
from shoko.lab.dayzero import arrivals
from shoko.lab.errors import LabError
from shoko.lab.outside.topology import Outside
from shoko.lab.plan import DirectPeer, LabPlan, SwitchPort, WorldPort
from shoko.lab.planning import plan_from_declaration
from shoko.lab.recipes import load_recipes
from shoko.lab.settings import LabSettings
from shoko.policy.switching import access_ports

SITE = Path(__file__).resolve().parents[3] / "inventories/lab"


@pytest.fixture(scope="module")
def declaration() -> Declaration:
    return load(SITE)


@pytest.fixture(scope="module")
def plan(declaration: Declaration, tmp_path_factory: pytest.TempPathFactory) -> LabPlan:
    keys = ensure_keys(tmp_path_factory.mktemp("keys"), declaration.hosts)
    settings = LabSettings("abc", SITE)
    return plan_from_declaration(
        declaration, arrivals(declaration, keys), settings, Outside("/mirror", ("CERTIFICATE", "KEY"))
    )


def test_the_plan_holds_every_declared_host_and_every_outside_party(plan, declaration):
    assert set(plan.names()) == {*declaration.hosts, *declaration.external}
    assert plan.names()[0] == "sw1", "the switch boots first, so that the ports are there"


def test_the_ports_of_the_switch_are_exactly_those_that_the_site_configures(plan, declaration):
    plugged = {leg.plug.port for host in plan.hosts for leg in host.legs if isinstance(leg.plug, SwitchPort)}
    assert plugged == {port.name for port in access_ports(declaration)}


def test_interface_and_port_names_fit_the_kernel_and_are_unique(plan):
    ports = [leg.plug.port for host in plan.hosts for leg in host.legs if isinstance(leg.plug, SwitchPort)]
    assert len(ports) == len(set(ports))
    for host in plan.hosts:
        names = [leg.name for leg in host.legs]
        assert len(names) == len(set(names)), host.name
        assert all(len(name.encode()) <= 15 for name in [*names, *ports])


def test_every_mac_is_local_unicast_and_unique(plan):
    macs = [leg.mac for host in plan.hosts for leg in host.legs]
    assert len(macs) == len(set(macs))
    assert all(re.fullmatch(r"02(:[0-9a-f]{2}){5}", mac) for mac in macs)


def test_the_gateways_share_a_cable_of_their_own(plan):
    ends = {host: next(leg for leg in plan.host(host).legs if leg.segment == "sync") for host in ("fw1", "fw2")}
    assert ends["fw1"].plug == DirectPeer("fw2", ends["fw2"].name)
    assert ends["fw2"].plug == DirectPeer("fw1", ends["fw1"].name)


def test_the_gateways_stand_in_every_segment_that_has_a_vlan(plan, declaration):
    vlans = {name for name, segment in declaration.segments.items() if segment.vlan is not None}
    assert {leg.segment for leg in plan.host("fw1").legs} == vlans | {"sync"}


def test_the_patron_line_is_on_no_port_of_the_switch(plan):
    (leg,) = plan.host("pt-central").legs
    assert isinstance(leg.plug, WorldPort)


def test_only_the_hosts_that_make_interfaces_get_the_tun_device(plan):
    assert {host.name for host in plan.hosts if host.tun and host.managed} == {"fw1", "fw2", "sw1"}


def test_the_images_hold_every_package_that_an_installer_would_leave(plan, declaration, tmp_path):
    recipes = load_recipes()
    missing = {}
    for name, arrival in arrivals(declaration, ensure_keys(tmp_path, declaration.hosts)).items():
        layer = plan.host(name).layer
        present = {*recipes.base.packages, *(recipes.layers[layer].packages if layer != "base" else ())}
        # Dependencies of what is named, which apt brings along.
        present |= {"systemd"} if "systemd-sysv" in present else set()
        if set(arrival.packages) - present:
            missing[name] = set(arrival.packages) - present
    assert not missing


def test_a_site_without_a_switch_is_refused_with_its_name(declaration, tmp_path):
    keys = ensure_keys(tmp_path, declaration.hosts)
    with pytest.raises(LabError, match="exactly one switch, 0 declared"):
        plan_from_declaration(
            replace(declaration, switches={}),
            arrivals(declaration, keys),
            LabSettings("abc", SITE),
            Outside("/mirror", ("", "")),
        )


def test_a_virtual_host_keeps_its_place_and_its_day_0_files(declaration, plan, tmp_path):
    found = planned_virtual(declaration, tmp_path, "tb-central").host("tb-central")
    container = plan.host("tb-central")
    assert (found.virtual, container.virtual) == (True, False)
    assert found.legs == container.legs
    assert {file.path for file in found.files} == {file.path for file in container.files}
    assert found.layer == "virtual"


@pytest.mark.parametrize(
    ("name", "words"),
    [("tb-centrl", "no such host"), ("fw1", "gateways and switches"), ("world", "no such host")],
)
def test_only_a_managed_host_that_needs_no_image_of_its_own_can_be_virtual(declaration, tmp_path, name, words):
    with pytest.raises(LabError, match=words):
        planned_virtual(declaration, tmp_path, name)


def planned_virtual(declaration: Declaration, folder: Path, name: str) -> LabPlan:
    keys = ensure_keys(folder, declaration.hosts)
    outside = Outside("/mirror", ("CERTIFICATE", "KEY"))
    return plan_from_declaration(declaration, arrivals(declaration, keys), LabSettings("abc", SITE), outside, [name])
