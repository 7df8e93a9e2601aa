"""The vendor's device: its end of the tunnel, and the window through which it comes in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from segments.site import CHECKOUT, SITE, Site

FLOW = "vendor-maintenance"
VENDOR = "vendor-engineer"
KEYS = CHECKOUT / ".lab"
TUNNEL = "maintenance"  # the vendor's own name for the interface


def through_tunnel(site: Site, private: str) -> Iterator[None]:
    """The vendor's device with a private key and the tunnel up; for a fixture to yield from."""
    person = site.declaration.people[VENDOR]
    endpoint = site.declaration.gateway_vip("internet.line", "ipv4")
    config = (
        f"[Interface]\nPrivateKey = {private.strip()}\n[Peer]\n"
        f"PublicKey = {(KEYS / 'vpn/gateway.pub').read_text().strip()}\n"
        f"Endpoint = {endpoint}:51820\nAllowedIPs = 10.10.0.0/16\n"
    )
    down = f"ip link delete {TUNNEL} 2>/dev/null; true"
    site.inside("vendor", "sh", "-c", down)
    site.inside(
        "vendor", "sh", "-euc",
        f"(ip link add {TUNNEL} type wireguard 2>/dev/null || wireguard-go {TUNNEL} >/dev/null 2>&1)\n"
        f"umask 077; cat >/run/{TUNNEL}.conf; wg setconf {TUNNEL} /run/{TUNNEL}.conf; rm /run/{TUNNEL}.conf\n"
        f"ip address add {person.ipv4}/32 dev {TUNNEL}; ip link set {TUNNEL} up mtu 1420\n"
        f"ip route add 10.10.0.0/16 dev {TUNNEL}",
        stdin=config,
    )  # fmt: skip
    yield
    site.inside("vendor", "sh", "-c", down)


def private_key() -> str:
    """The private key of the vendor's tunnel."""
    return (KEYS / f"people/{VENDOR}.key").read_text()


def window(verb: str, *more: str) -> str:
    """Run `shoko window` for the vendor's flow as a person does."""
    flow = [] if verb == "list" else [FLOW]
    done = subprocess.run(
        [sys.executable, "-m", "shoko.cli", "window", verb, "-i", str(SITE), *flow, *more],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
