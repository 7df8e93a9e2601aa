"""Slips that somebody makes by hand, undone when the test is over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from segments.site import Site


@contextmanager
def rule(site: Site, host: str, chain: str, *words: str) -> Iterator[None]:
    """A rule that somebody adds at the head of a chain."""
    said = site.inside(host, "nft", "--echo", "--json", "insert", "rule", "inet", "shoko", chain, *words)
    handle = json.loads(said)["nftables"][0]["insert"]["rule"]["handle"]
    try:
        yield
    finally:
        site.inside(host, "nft", "delete", "rule", "inet", "shoko", chain, "handle", str(handle))


@contextmanager
def retagged(site: Site, port: str, vlan: int) -> Iterator[None]:
    """A port of the switch that somebody puts into another VLAN."""
    switch = next(iter(site.declaration.switches))
    before = site.inside(switch, "ovs-vsctl", "get", "port", port, "tag").strip()
    site.inside(switch, "ovs-vsctl", "set", "port", port, f"tag={vlan}")
    try:
        yield
    finally:
        site.inside(switch, "ovs-vsctl", "set", "port", port, f"tag={before}")
