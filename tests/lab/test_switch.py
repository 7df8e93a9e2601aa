"""Changes of the switch on the converged lab: drift is corrected, and a change that cuts us off undoes itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

from segments.site import CHECKOUT, SITE, Site

PLAYBOOK = [str(CHECKOUT / ".venv/bin/ansible-playbook"), "-i", str(SITE / "shoko.yml")]
PLAY = """\
- hosts: sw1
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - name: Move the controller out of its segment
      shoko.core.network_device:
        driver: openvswitch
        bound: 15
        config: >-
          {{{{ lookup('ansible.builtin.template', '{checkout}/roles/network_device/templates/openvswitch.j2')
          | regex_replace('ctl1.mgmt access 80', 'ctl1.mgmt access 99') }}}}
"""


def tag(site: Site, port: str) -> str:
    """The VLAN of a port as the switch has it."""
    return site.inside("sw1", "ovs-vsctl", "get", "Port", port, "tag").strip()


def test_a_port_moved_by_hand_is_back_after_the_next_run(site: Site) -> None:
    site.inside("sw1", "ovs-vsctl", "set", "Port", "ti-central.info", "tag=50")
    done = subprocess.run([*PLAYBOOK, "playbooks/network.yml", "--tags", "network_device", "--limit", "sw1", "--diff"],
                          cwd=CHECKOUT, capture_output=True, text=True, timeout=300, check=True)  # fmt: skip
    assert tag(site, "ti-central.info") == "61"
    assert "-port ti-central.info access 50" in done.stdout
    assert "+port ti-central.info access 61" in done.stdout


def test_a_change_that_cuts_the_controller_off_is_undone_by_the_switch(site: Site, tmp_path: Path) -> None:
    before = site.inside("sw1", "ovs-vsctl", "--columns=name,tag,vlan_mode,trunks", "list", "Port")
    play = tmp_path / "cut.yml"
    play.write_text(PLAY.format(checkout=CHECKOUT))
    done = subprocess.run(
        [*PLAYBOOK, str(play)], cwd=CHECKOUT, capture_output=True, text=True, timeout=300, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert "did not stand the test, the former configuration is back" in said, said
    assert site.inside("sw1", "ovs-vsctl", "--columns=name,tag,vlan_mode,trunks", "list", "Port") == before
