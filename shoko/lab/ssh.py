"""The ssh_config and known_hosts with which Ansible, netmiko, testinfra and people reach the hosts.

The bootstrap's own, plus one line: every connection is opened in the control node's network namespace, so
it is the control node's packet that the gateways and the hosts see. Host keys are those of day 0 and are
checked strictly.
"""

from pathlib import Path

from shoko.bootstrap import Keys, known_hosts, ssh_config
from shoko.declaration import Declaration
from shoko.lab.errors import LabError
from shoko.lab.settings import LabSettings

LINKS = Path(".lab")  # in the checkout; git ignores it


def config_text(settings: LabSettings, declaration: Declaration, control: str) -> str:
    """Return the text of the ssh_config(5)."""
    hosts = ssh_config(declaration, str(settings.state / "keys/controller"), str(settings.state / "known_hosts"))
    own = [
        "# Written by `shoko lab up`.",
        "Host *",
        f"  ProxyCommand nsenter --net=/run/netns/{settings.machine(control)} nc %h %p",
        "  GlobalKnownHostsFile none",
        "  UpdateHostKeys no",
        "  PasswordAuthentication no",
        "  ConnectTimeout 25",
    ]
    return "\n".join([*own, "", hosts.rstrip(), ""])


def checkout_link(settings: LabSettings) -> Path:
    """Where the checkout finds the file: `.lab/ssh_config`, or `.lab/ssh_config-ID` under SHOKO_LAB_ID."""
    suffix = f"-{settings.ident}" if settings.named else ""
    return settings.checkout / LINKS / f"ssh_config{suffix}"


def write_ssh(settings: LabSettings, declaration: Declaration, keys: Keys, control: str) -> None:
    """Write both files and point the checkout's link at the first."""
    (settings.state / "known_hosts").write_text(known_hosts(declaration, keys))
    settings.ssh_config.write_text(config_text(settings, declaration, control))
    link = checkout_link(settings)
    link.parent.mkdir(exist_ok=True)
    if link.exists() and not link.is_symlink():
        raise LabError(f"{link}: a file stands where the lab puts a symbolic link; move it away")
    fresh = link.with_name(link.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(settings.ssh_config)
    fresh.replace(link)
