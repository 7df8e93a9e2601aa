"""The ssh_config and known_hosts with which Ansible, netmiko, testinfra and people reach the hosts.

Every connection is opened in the control node's network namespace, so it is the control node's packet
that the gateways and the hosts see. Host keys are those of day 0 and are checked strictly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from shoko.lab.errors import LabError
from shoko.lab.settings import LabSettings

LINKS = Path(".lab")  # in the checkout; git ignores it


@dataclass(frozen=True)
class SshTarget:
    """A managed host: name, management address, log-in, public host key line."""

    name: str
    address: IPv4Address | IPv6Address
    user: str
    host_key: str


def ssh_config(settings: LabSettings, control: str, key: Path, targets: Sequence[SshTarget]) -> str:
    """Return the text of the ssh_config(5)."""
    lines = [
        "# Written by `shoko lab up`.",
        "Host *",
        f"  IdentityFile {key}",
        "  IdentitiesOnly yes",
        f"  UserKnownHostsFile {settings.state / 'known_hosts'}",
        "  GlobalKnownHostsFile none",
        "  StrictHostKeyChecking yes",
        "  UpdateHostKeys no",
        "  PasswordAuthentication no",
        "  ConnectTimeout 10",
        f"  ProxyCommand nsenter --net=/run/netns/{settings.machine(control)} nc %h %p",
    ]
    for target in targets:
        lines += [
            f"Host {target.name} {target.address}",  # Ansible connects by address, people by name
            f"  HostName {target.address}",
            f"  HostKeyAlias {target.name}",
            f"  User {target.user}",
        ]
    return "\n".join(lines) + "\n"


def checkout_link(settings: LabSettings) -> Path:
    """Where the checkout finds the file: `.lab/ssh_config`, or `.lab/ssh_config-ID` under SHOKO_LAB_ID."""
    suffix = f"-{settings.ident}" if settings.named else ""
    return settings.checkout / LINKS / f"ssh_config{suffix}"


def write_ssh(settings: LabSettings, control: str, key: Path, targets: Sequence[SshTarget]) -> None:
    """Write both files and point the checkout's link at the first."""
    known = "".join(f"{target.name} {' '.join(target.host_key.split()[:2])}\n" for target in targets)
    (settings.state / "known_hosts").write_text(known)
    settings.ssh_config.write_text(ssh_config(settings, control, key, targets))
    link = checkout_link(settings)
    link.parent.mkdir(exist_ok=True)
    if link.exists() and not link.is_symlink():
        raise LabError(f"{link}: a file stands where the lab puts a symbolic link; move it away")
    fresh = link.with_name(link.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(settings.ssh_config)
    fresh.replace(link)
