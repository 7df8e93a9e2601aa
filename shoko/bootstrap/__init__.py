"""Day 0: what an installer leaves on each host so that Ansible can come in. The lab boots from exactly this."""

from shoko.bootstrap.access import ADMINISTRATOR, known_hosts, ssh_config
from shoko.bootstrap.errors import BootstrapError
from shoko.bootstrap.keys import KeyPair, Keys, ensure_keys, pair_of
from shoko.bootstrap.model import DayZero, File
from shoko.bootstrap.render import render

__all__ = [
    "ADMINISTRATOR",
    "BootstrapError",
    "DayZero",
    "File",
    "KeyPair",
    "Keys",
    "ensure_keys",
    "known_hosts",
    "pair_of",
    "render",
    "ssh_config",
]
