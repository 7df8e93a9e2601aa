"""From a declaration to the day-0 files of every managed host."""

from __future__ import annotations

from shoko.bootstrap.access import access_files, user_commands
from shoko.bootstrap.errors import BootstrapError
from shoko.bootstrap.keys import Keys
from shoko.bootstrap.model import DayZero, File
from shoko.bootstrap.networkd import interfaces, link_file, network_file
from shoko.bootstrap.routes import routes
from shoko.bootstrap.switch import UNIT, switch_files
from shoko.bootstrap.walls import wall_files
from shoko.declaration.model import Declaration, Host

# What Ansible, the first ruleset and SSH need; the rest comes by the forward proxies later.
PACKAGES = ("iproute2", "nftables", "openssh-server", "python3", "python3-apt", "sudo", "systemd")
# Gateways and switches work before any package can be fetched.
GROUP_PACKAGES = {
    "gateways": ("conntrack", "conntrackd", "keepalived", "ulogd2", "wireguard-tools"),
    "switches": ("openvswitch-switch",),
}
# Unit to the target that wants it, as its [Install] section says in Debian 13.
WANTED_BY = {
    "nftables.service": "sysinit.target",
    "ssh.service": "multi-user.target",
    "systemd-networkd.service": "multi-user.target",
}
# nft's own unit flushes the whole ruleset when it stops, which would leave an open host behind.
_NFTABLES_HOST = """# Written from the declaration. Stopping the unit never opens the host.
[Service]
ExecStop=
"""
_NFTABLES_GATEWAY = (
    _NFTABLES_HOST
    + """# A gateway forwards only after a ruleset stands.
ExecStartPost=/bin/sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward && echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
"""
)
# A lab's network namespace copies IPv4 settings of the machine, which may forward.
_NO_FORWARDING = "# Only gateways forward.\nnet.ipv4.ip_forward = 0\nnet.ipv6.conf.all.forwarding = 0\n"


def render(declaration: Declaration, keys: Keys) -> dict[str, DayZero]:
    """Return every managed host's day-0 content by name, in declared order. Raises BootstrapError."""
    missing = [name for name in declaration.hosts if name not in keys.hosts]
    if missing:
        raise BootstrapError(f"keys: no host key for {', '.join(missing)}")
    return {host.name: _render(declaration, host, keys) for host in declaration.hosts.values()}


def _render(declaration: Declaration, host: Host, keys: Keys) -> DayZero:
    gateway = host.name in declaration.gateways.hosts
    files = [File("/etc/hostname", f"{host.name}\n".encode()), _hosts_file(declaration, host)]
    files += access_files(declaration, host, keys)
    files += _leg_files(declaration, host)
    files += switch_files(declaration, host)
    files += wall_files(declaration, host)
    unit = _NFTABLES_GATEWAY if gateway else _NFTABLES_HOST
    files.append(File("/etc/systemd/system/nftables.service.d/shoko.conf", unit.encode()))
    if not gateway:
        files.append(File("/etc/sysctl.d/60-shoko-network.conf", _NO_FORWARDING.encode()))
    enable = tuple(WANTED_BY)
    links = [_wants(unit, f"/usr/lib/systemd/system/{unit}", target) for unit, target in WANTED_BY.items()]
    if any(file.path.endswith(UNIT) for file in files):
        enable += (UNIT,)
        links.append(_wants(UNIT, f"/etc/systemd/system/{UNIT}", "multi-user.target"))
    packages = {*PACKAGES, *(name for group in host.groups for name in GROUP_PACKAGES.get(group, ()))}
    return DayZero(tuple(files), tuple(links), enable, tuple(sorted(packages)), user_commands())


def _wants(unit: str, target: str, wanted_by: str) -> tuple[str, str]:
    return f"/etc/systemd/system/{wanted_by}.wants/{unit}", target


def _hosts_file(declaration: Declaration, host: Host) -> File:
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    lines += [f"{one.ip} {host.name}.{declaration.internal_domain} {host.name}"
              for one in interfaces(declaration, host.manage_leg)]  # fmt: skip
    return File("/etc/hosts", ("\n".join(lines) + "\n").encode())


def _leg_files(declaration: Declaration, host: Host) -> list[File]:
    """The management leg; of a gateway every leg with its own address (no shared one: nobody would share it yet)."""
    gateway = host.name in declaration.gateways.hosts
    files = [file for leg in host.legs if (file := link_file(leg)) is not None]
    for leg in host.legs if gateway else (host.manage_leg,):
        ways = routes(declaration, host) if leg == host.manage_leg else []
        files.append(network_file(leg.interface, interfaces(declaration, leg), ways))
    return files
