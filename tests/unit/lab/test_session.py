"""Where a browser of this machine comes in follows from the site."""

from dataclasses import replace
from pathlib import Path

import pytest

from shoko.declaration import load
from shoko.lab.errors import LabError
from shoko.lab.session import check_authority, doors, urls, virtual_hosts
from shoko.lab.settings import LabRecord, LabSettings, lab_variables

INVENTORIES = Path(__file__).resolve().parents[3] / "inventories"


@pytest.mark.parametrize(("site", "terminal"), [("lab", "tb-central"), ("museum", "tb-main")])
def test_citizens_sit_at_home_and_staff_at_the_first_business_terminal(site, terminal):
    assert doors(load(INVENTORIES / site), (1, 2)) == [(1, "opac", "home"), (2, "staff", terminal)]


def test_staff_do_not_sit_at_a_virtual_machine():
    declaration = load(INVENTORIES / "lab")
    assert doors(declaration, (1, 2), ["tb-central"]) == [(1, "opac", "home"), (2, "staff", "tb-south")]


def test_a_running_host_does_not_become_another_kind(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOKO_LAB_STATE", str(tmp_path / "state"))
    settings = LabSettings("test", INVENTORIES / "lab", tmp_path)
    LabRecord(tmp_path, settings.site, (8443, 8444), ("tb-central",)).write(settings.record)
    monkeypatch.setattr("shoko.lab.session.HostGroup.populated", lambda group: group.host == "tb-central")
    assert virtual_hosts(settings, None) == virtual_hosts(settings, ["tb-central"]) == ("tb-central",)
    with pytest.raises(LabError, match="host tb-central runs as it was started: run `shoko lab down`"):
        virtual_hosts(settings, [])
    assert virtual_hosts(settings, ["tb-central", "tb-south"]) == ("tb-central", "tb-south")


def test_disks_that_believe_a_lost_authority_are_not_started(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOKO_LAB_STATE", str(tmp_path / "state"))
    settings, declaration = LabSettings("test", INVENTORIES / "lab", tmp_path), load(INVENTORIES / "lab")
    check_authority(settings, declaration)
    trust = settings.hosts_dir / "rp1/upper/etc/shoko/trust"
    trust.mkdir(parents=True)
    (trust / "root.pem").write_text("made by an authority of before\n")
    with pytest.raises(LabError, match=r"1 hosts \(rp1 …\) believe .* begin anew with `shoko lab clean"):
        check_authority(settings, declaration)
    (tmp_path / ".lab/ca").mkdir(parents=True)
    (tmp_path / ".lab/ca/root.pem").write_text("here\n")
    check_authority(settings, declaration)


def test_a_site_without_business_terminals_has_no_door_for_staff():
    declaration = load(INVENTORIES / "museum")
    hosts = {name: host for name, host in declaration.hosts.items() if "business_terminals" not in host.groups}
    assert doors(replace(declaration, hosts=hosts), (1, 2)) == [(1, "opac", "home")]


@pytest.mark.parametrize(("site", "shown"), [("lab", True), ("museum", False)])
def test_the_way_in_names_the_demonstration_login_where_it_works(site, shown, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOKO_LAB_STATE", str(tmp_path / "state"))
    settings = LabSettings("test", INVENTORIES / site, tmp_path)
    settings.state.mkdir(parents=True)
    LabRecord(tmp_path, INVENTORIES / site, (8443, 8444)).write(settings.record)
    settings.demo_secret.parent.mkdir(parents=True)
    assert "login" not in urls(settings)
    settings.demo_secret.write_text("kept-outside-git salt=x\n")
    assert ("login  demo / kept-outside-git  " in urls(settings)) is shown


def test_containers_share_a_kernel_and_virtual_machines_are_waited_for(tmp_path):
    assert lab_variables(tmp_path)("db1") == {}, "no lab: hosts of a site"
    LabRecord(tmp_path, tmp_path, (1, 2)).write(tmp_path / "lab.json")
    assert lab_variables(tmp_path)("db1") == {"hardening_kernel": "shared"}
    LabRecord(tmp_path, tmp_path, (1, 2), ("tb-central",)).write(tmp_path / "lab.json")
    # A gateway proves a change of its rules through hosts, of which the emulated one may be one.
    assert lab_variables(tmp_path)("fw1") == {"hardening_kernel": "shared", "firewall_bound": 240}
    assert lab_variables(tmp_path)("tb-central") == {"ansible_ssh_timeout": 300, "firewall_bound": 240}
