"""The hosts of a scenario's lab, as testinfra asks them."""

import os

import testinfra
from testinfra.host import Host


def member(name: str) -> Host:
    """A host by its name, over the same SSH that Ansible takes, as root."""
    return testinfra.get_host(f"ssh://{name}?ssh_config={os.environ['SHOKO_SSH_CONFIG']}", sudo=True)
