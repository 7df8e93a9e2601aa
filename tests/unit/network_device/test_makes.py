"""What is sent to each make of switch, as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pytest

from ansible_collections.shoko.core.plugins.plugin_utils.switch_awplus import AwPlus
from ansible_collections.shoko.core.plugins.plugin_utils.switch_errors import SwitchError
from ansible_collections.shoko.core.plugins.plugin_utils.switch_openvswitch import OpenVswitch
from shoko.declaration import load
from shoko.policy.slice import slices

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = ROOT / "roles/network_device/templates"
RUNNING = """\
!
vlan database
 vlan 40 name business.servers state enable
 vlan 99 name forgotten state enable
!
interface port1.0.1
 description app1.business
 switchport
 switchport mode access
 switchport access vlan 40
!
interface port1.0.2
 switchport
 switchport mode trunk
 switchport trunk allowed vlan add 40
!
interface port1.0.3
 shutdown
 switchport
!
end
"""


@pytest.fixture(scope="module")
def switch() -> dict[str, Any]:
    return dict(slices(load(ROOT / "inventories/lab"))["sw1"])


def render(make: str, shoko: dict[str, Any]) -> str:
    # The text is a switch's configuration, not HTML.
    environment = jinja2.Environment(  # noqa: S701
        loader=jinja2.FileSystemLoader(TEMPLATES), trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    # Ansible's `unique` takes an attribute; Jinja's own does too, by the same name.
    return environment.get_template(f"{make}.j2").render(shoko=shoko)


class TestOpenVswitch:
    def test_every_leg_of_the_lab_is_an_access_port_of_its_segment(self, switch: dict[str, Any]) -> None:
        lines = OpenVswitch().canonical(render("openvswitch", switch)).splitlines()
        assert lines[0] == "bridge br0"
        assert "port rp1.dmz access 20" in lines
        assert "port mgmt internal 80" in lines
        assert len(lines) == len(switch["switch"]["ports"]) + 2

    def test_a_port_that_is_gone_is_removed_and_a_trunk_becomes_an_access_port(self) -> None:
        have = "bridge br0\nport a access 10\nport b access 20 mode=trunk trunks=10,20\n"
        want = "bridge br0\nport b access 20\nport c access 30\n"
        assert OpenVswitch().commands(have, want) == [
            "--if-exists del-port br0 a",
            "set Port b tag=20 vlan_mode=access trunks=[]",
            "--may-exist add-port br0 c",
            "set Port c tag=30 vlan_mode=access trunks=[]",
        ]

    def test_the_way_back_restores_even_what_we_would_never_declare(self) -> None:
        former = "bridge br0\nport b access 0 mode=trunk trunks=10,20\n"
        assert OpenVswitch().commands("bridge br0\nport b access 20\n", former) == [
            "set Port b tag=[] vlan_mode=trunk trunks=[10,20]"
        ]

    @pytest.mark.parametrize(
        "text",
        ["bridge br0\n", "bridge br0\nport a access 4095\n", "bridge br0\nport a trunk 10\n", "port a access 10\n",
         "bridge br0\nport a access 10\nport a access 20\n"],
    )  # fmt: skip
    def test_a_configuration_that_is_empty_or_unsound_is_refused(self, text: str) -> None:
        with pytest.raises(SwitchError):
            OpenVswitch().canonical(text)


class TestAwPlus:
    def test_the_lab_renders_into_vlans_and_ports(self, switch: dict[str, Any]) -> None:
        text = AwPlus().canonical(render("allied_telesis_awplus", switch))
        assert "vlan 20 dmz.servers\n" in text
        assert text.count("port port1.0.") == len(switch["switch"]["ports"])

    def test_a_running_configuration_is_read_without_ports_that_are_shut(self) -> None:
        assert AwPlus.parse(RUNNING) == (
            "port port1.0.1 access 40 app1.business\nport port1.0.2 trunk 1 -\n"
            "vlan 40 business.servers\nvlan 99 forgotten\n"
        )

    def test_the_difference_is_new_vlans_then_ports_then_vlans_that_go(self) -> None:
        wanted = AwPlus().canonical(
            "vlan 40 business.servers\nvlan 50 data.servers\nport port1.0.1 access 50 db1.data\n"
        )
        assert AwPlus().commands(AwPlus.parse(RUNNING), wanted) == [
            "vlan database", "vlan 50 name data.servers",
            "interface port1.0.1", "description db1.data", "switchport", "switchport mode access",
            "switchport access vlan 50", "no shutdown",
            "interface port1.0.2", "shutdown",
            "vlan database", "no vlan 99",
        ]  # fmt: skip

    def test_no_difference_sends_nothing(self) -> None:
        text = AwPlus.parse(RUNNING)
        assert AwPlus().commands(text, text) == []
