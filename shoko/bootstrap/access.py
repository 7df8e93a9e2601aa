"""The way in: host key, administrator, sudo, and who knows whom. Keys only, from the first minute."""

from __future__ import annotations

from importlib import resources

from shoko.bootstrap.keys import Keys
from shoko.bootstrap.model import File
from shoko.bootstrap.networkd import interfaces
from shoko.bootstrap.routes import CONTROL
from shoko.declaration.model import Declaration, Host

ADMINISTRATOR = "shoko"
CONTROLLER_KEY = "/etc/shoko/keys/controller"


def access_files(declaration: Declaration, host: Host, keys: Keys) -> list[File]:
    """Return the files by which the controller comes in to a host; on a controller also those by which it goes out."""
    own = keys.hosts[host.name]
    home = f"/home/{ADMINISTRATOR}"
    files = [
        File("/etc/ssh/ssh_host_ed25519_key", own.private, 0o600),
        File("/etc/ssh/ssh_host_ed25519_key.pub", f"{own.public} {host.name}\n".encode()),
        File("/etc/ssh/sshd_config.d/10-shoko.conf", resources.files("shoko").joinpath("data/sshd.conf").read_bytes()),
        File(f"/etc/ssh/authorized_keys/{ADMINISTRATOR}", f"{keys.controller.public} shoko-controller\n".encode()),
        File(f"/etc/sudoers.d/{ADMINISTRATOR}", f"{ADMINISTRATOR} ALL=(ALL:ALL) NOPASSWD: ALL\n".encode(), 0o440),
        File(f"/etc/sysusers.d/{ADMINISTRATOR}.conf",
             f'u {ADMINISTRATOR} - "Shoko administration" {home} /bin/bash\n'.encode()),
        File(f"/etc/tmpfiles.d/{ADMINISTRATOR}.conf",
             f"d {home} 0700 {ADMINISTRATOR} {ADMINISTRATOR} -\n".encode()),
    ]  # fmt: skip
    if CONTROL in host.groups:
        files += [
            File(CONTROLLER_KEY, keys.controller.private, 0o600),
            File("/etc/ssh/ssh_known_hosts", known_hosts(declaration, keys).encode()),
            File("/etc/ssh/ssh_config.d/10-shoko.conf", ssh_config(declaration, CONTROLLER_KEY, None).encode()),
        ]
    return files


def user_commands() -> tuple[tuple[str, ...], ...]:
    """Commands that make the administrator on a host that has booted before (a first boot does it by itself)."""
    return (
        ("systemd-sysusers", f"/etc/sysusers.d/{ADMINISTRATOR}.conf"),
        ("systemd-tmpfiles", "--create", f"/etc/tmpfiles.d/{ADMINISTRATOR}.conf"),
    )


def known_hosts(declaration: Declaration, keys: Keys) -> str:
    """Return the known_hosts lines of all managed hosts: name, internal name, management addresses (sshd(8))."""
    lines = []
    for host in declaration.hosts.values():
        at = [str(interface.ip) for interface in interfaces(declaration, host.manage_leg)]
        names = [host.name, f"{host.name}.{declaration.internal_domain}", *at]
        lines.append(f"{','.join(names)} {keys.hosts[host.name].public}\n")
    return "".join(lines)


def ssh_config(declaration: Declaration, key: str, known: str | None) -> str:
    """Return an ssh_config(5) for all managed hosts; `known` is a known_hosts file, None for the system's own."""
    blocks = []
    every: list[str] = []
    for host in declaration.hosts.values():
        address = str(interfaces(declaration, host.manage_leg)[0].ip)
        names = [host.name, f"{host.name}.{declaration.internal_domain}", address]
        every += names
        blocks.append(f"Host {' '.join(names)}\n  HostName {address}\n  HostKeyAlias {host.name}\n")
    known_line = "" if known is None else f"  UserKnownHostsFile {known}\n"
    blocks.append(
        f"Host {' '.join(every)}\n  User {ADMINISTRATOR}\n  IdentityFile {key}\n  IdentitiesOnly yes\n"
        f"  StrictHostKeyChecking yes\n{known_line}"
    )
    return "\n".join(blocks)
