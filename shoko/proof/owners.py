"""What to do about a table that the prover does not understand: it depends on who wrote it."""

from __future__ import annotations

from shoko.proof.ruleset import Where

READ = "the prover reads nft 1.0.6 to 1.1.3: compare `nft --version` on the host, and update Shoko if it is newer"
OURS = frozenset({("inet", "shoko"), ("ip", "shoko_nat")})
# Beginnings of the names of tables and chains that programs write, by nft or through iptables-nft.
_KNOWN = {
    "docker": "Docker",
    "f2b-": "fail2ban",
    "libvirt": "libvirt",
    "lxc": "LXC",
    "lxd": "LXD",
    "incus": "Incus",
    "netavark": "Podman",
    "cni-": "Kubernetes",
    "kube": "Kubernetes",
    "firewalld": "firewalld",
    "ufw": "ufw",
    "crowdsec": "CrowdSec",
    "ts-": "Tailscale",
    "wg-quick": "wg-quick",
}
_IPTABLES = {"filter", "nat", "mangle", "raw", "security"}


def owner(where: Where) -> str:
    """Return who seems to have written a table, by its name and the chain's."""
    for name in (where.table.lower(), where.chain.lower()):
        for beginning, program in _KNOWN.items():
            if name.startswith(beginning):
                return program
    if where.family in ("ip", "ip6") and where.table in _IPTABLES:
        return "a program that uses iptables (Docker, libvirt and fail2ban do)"
    return "another program"


def advice(where: Where) -> str:
    """Return what to do about something in a table that is not understood."""
    if (where.family, where.table) in OURS:
        return f"run site.yml for this host, which replaces the table; {READ}"
    return (
        f"it belongs to {owner(where)}: stop that on this host, then `nft delete table {where.family} {where.table}`; "
        "a host of Shoko's has one firewall only"
    )
