"""Where a browser of this machine comes in follows from the site."""

from dataclasses import replace
from pathlib import Path

import pytest

from shoko.declaration import load
from shoko.lab.session import doors, urls
from shoko.lab.settings import LabRecord, LabSettings

INVENTORIES = Path(__file__).resolve().parents[3] / "inventories"


@pytest.mark.parametrize(("site", "terminal"), [("lab", "tb-central"), ("museum", "tb-main")])
def test_citizens_sit_at_home_and_staff_at_the_first_business_terminal(site, terminal):
    assert doors(load(INVENTORIES / site), (1, 2)) == [(1, "opac", "home"), (2, "staff", terminal)]


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
