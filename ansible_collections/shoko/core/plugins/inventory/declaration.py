# Copyright: the Shoko authors
"""Inventory plugin: a site's declaration becomes hosts, groups and one variable per host."""

from __future__ import annotations

import os
from pathlib import Path

from ansible.errors import AnsibleParserError
from ansible.module_utils.common.text.converters import to_native
from ansible.plugins.inventory import BaseInventoryPlugin

try:
    from shoko.declaration import load
    from shoko.errors import ShokoError
    from shoko.lab.settings import lab_variables
    from shoko.policy import slices
    from shoko.policy.record import remember
except ImportError as error:
    MISSING = to_native(error)
else:
    MISSING = None

DOCUMENTATION = """
name: declaration
short_description: Hosts and their slices from a site's declaration
description:
  - Reads C(declaration/*.yml) beside the inventory file through Shoko's own loader, with every check.
  - Yields the managed hosts with their groups (and C(managed)), their management address, and under the variable
    C(shoko) exactly the slice of the declaration that the host needs. C(docs/policy.md) is the reference of its keys.
  - Hosts that a lab runs as containers get C(hardening_kernel=shared); a host of a real site has a kernel of its own
    unless the site's C(host_vars) say the same of it. Where a lab emulates machines, runs wait longer
    (C(firewall_bound), C(ansible_ssh_timeout)).
  - Needs the Python package C(shoko) of this checkout in the controller's environment (C(make setup)).
options:
  plugin:
    description: Name of this plugin.
    required: true
    choices: [shoko.core.declaration]
  declaration:
    description: Folder of the declaration, relative to the inventory file. It has to be named C(declaration).
    default: declaration
    type: str
  ssh_config:
    description:
      - An ssh_config(5) by which the hosts are reached. Without one, C(.lab/ssh_config) of the checkout is taken if the
        site is the one that it was written for (C(.lab/ssh_config-ID) where E(SHOKO_LAB_ID) names another lab), else
        the user's own configuration.
    type: path
    env:
      - name: SHOKO_SSH_CONFIG
"""

EXAMPLES = """
# inventories/lab/shoko.yml
plugin: shoko.core.declaration
declaration: declaration
"""

ADMINISTRATOR = "shoko"  # made by the day-0 files


class InventoryModule(BaseInventoryPlugin):
    """See DOCUMENTATION."""

    NAME = "shoko.core.declaration"

    def verify_file(self, path):
        """Take files called shoko.yml, the one name that a site's inventory has."""
        return super().verify_file(path) and Path(path).name == "shoko.yml"

    def parse(self, inventory, loader, path, cache=True):
        """Fill the inventory; a broken declaration ends the run with the list of its mistakes."""
        super().parse(inventory, loader, path, cache)
        if MISSING is not None:
            raise AnsibleParserError(
                f"the package `shoko` cannot be imported ({MISSING}): run `make setup`, use .venv/bin/ansible-playbook"
            )
        self._read_config_data(path)
        site = Path(path).resolve().parent
        if self.get_option("declaration") != "declaration":
            raise AnsibleParserError(f"{path}: the declaration lies in the folder `declaration` and nowhere else")
        try:
            declaration = load(site)
            content = slices(declaration)
        except ShokoError as error:
            raise AnsibleParserError(to_native(error)) from None
        inventory.add_group("managed")
        ssh = self._ssh_config(site)
        of_the_lab = lab_variables(Path(ssh).parent) if ssh else lambda name: {}
        for host in declaration.hosts.values():
            inventory.add_host(host.name, group="managed")
            for group in host.groups:
                inventory.add_group(group)
                inventory.add_child(group, host.name)
            leg = host.manage_leg
            inventory.set_variable(host.name, "ansible_host", str(leg.ipv4 or leg.ipv6))
            inventory.set_variable(host.name, "ansible_user", ADMINISTRATOR)
            if ssh is not None:
                inventory.set_variable(host.name, "ansible_ssh_common_args", f"-F {ssh}")
                # Two labs give the same addresses: one's kept connections must not serve the other.
                inventory.set_variable(host.name, "ansible_control_path_dir", f"{os.path.dirname(ssh)}/cp")
            for name, value in of_the_lab(host.name).items():
                inventory.set_variable(host.name, name, value)
            inventory.set_variable(host.name, "shoko", content[host.name])
            remember(host.name, str(content[host.name]["digest"]))

    def _ssh_config(self, site):
        """Return the path of the site's ssh_config, None for the user's own."""
        given = self.get_option("ssh_config")
        ident = os.environ.get("SHOKO_LAB_ID")
        link = f"ssh_config-{ident}" if ident else "ssh_config"
        config = Path(given) if given else site.parent.parent / ".lab" / link
        if not given and (site.name != "lab" or not config.exists()):
            return None
        return os.path.realpath(config)
