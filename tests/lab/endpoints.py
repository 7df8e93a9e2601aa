"""Every TLS endpoint of the lab, and who may look at it."""

from __future__ import annotations

from dataclasses import dataclass

from shoko.hardening.waivers import waivers


@dataclass(frozen=True)
class Endpoint:
    """Who looks, where, by which name, and how TLS begins there."""

    name: str
    looker: str
    at: str
    server_name: str
    starttls: str = ""

    @property
    def group(self) -> str:
        """The key agreement that it has to choose: what is waived has one curve, and would fail with a better one."""
        return "prime256v1" if self.name in waivers("key_agreement") else "X25519MLKEM768"


OPAC = "opac.library.example"
CITIZENS = "198.51.100.20"
# Who sees what over TLS, each from a host that the rules let near: the looker, the address, the name.
ENDPOINTS = [
    Endpoint("opac", "home", f"{CITIZENS}:443", OPAC),
    Endpoint("staff", "tb-central", "10.10.40.10:443", "staff.library.example"),
    Endpoint("webopac-leg", "rp1", "10.10.30.11:8443", "ils-servers.role.shoko.internal"),
    Endpoint("database", "db2", "10.10.50.11:5432", "db1.shoko.internal", "postgres"),
    Endpoint("patroni", "db2", "10.10.50.11:8008", "db1.shoko.internal"),
    Endpoint("etcd-clients", "db2", "10.10.50.11:2379", "db1.shoko.internal"),
    Endpoint("etcd-peers", "db2", "10.10.50.11:2380", "db1.shoko.internal"),
    Endpoint("backup", "bak1", "10.10.50.11:8432", "db1.shoko.internal"),
    Endpoint("logs", "db1", "10.10.80.21:2514", "log1.shoko.internal"),
]
