"""A part of a Debian installer's answers for one host (Debian 13 installation guide, appendix B)."""

from __future__ import annotations

import shlex

from shoko.bootstrap.model import DayZero
from shoko.bootstrap.networkd import interfaces
from shoko.bootstrap.routes import first_gateway
from shoko.declaration.model import Declaration, Host
from shoko.policy.prefixes import family_of

MEDIUM = "/cdrom/shoko"  # where the installation medium carries the archives


def preseed(declaration: Declaration, host: Host, content: DayZero) -> str:
    """Return the answers that belong to this host; partitions, passwords, mirror stay the site's own."""
    leg = host.manage_leg
    own = interfaces(declaration, leg)[0]
    gateway = first_gateway(declaration, leg.segment, family_of(own.ip))
    lines = [
        f"# {host.name}: include this from the site's own preseed file. The archive holds private keys: destroy the",
        "# medium after use.",
        f"d-i netcfg/get_hostname string {host.name}",
        f"d-i netcfg/get_domain string {declaration.internal_domain}",
        "d-i netcfg/disable_autoconfig boolean true",
        f"d-i netcfg/get_ipaddress string {own.ip}",
        f"d-i netcfg/get_netmask string {own.network.netmask}",
    ]
    if gateway is not None and host.name not in declaration.gateways.hosts:
        lines.append(f"d-i netcfg/get_gateway string {gateway}")
    lines += [
        "d-i netcfg/confirm_static boolean true",
        f"d-i pkgsel/include string {' '.join(content.packages)}",
    ]
    steps = [f"tar -C /target -xf {MEDIUM}/{host.name}.tar", "rm -f /target/etc/network/interfaces"]
    steps += [f"in-target {shlex.join(command)}" for command in content.commands]
    lines.append("d-i preseed/late_command string \\\n  " + "; \\\n  ".join(steps))
    return "\n".join(lines) + "\n"
