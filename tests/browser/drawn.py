"""Sites that are drawn, and Chromium to look at them."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

from shoko.declaration import Declaration
from shoko.declaration.build import build
from shoko.declaration.reader import read

INVENTORIES = Path(__file__).resolve().parents[2] / "inventories"
CHROMIUM = "/usr/bin/chromium"
BRANCHES = 4


def site(name: str) -> Declaration:
    """A site of ours, or `wide`: the lab with so many more zones, each with two flows, that it has fourteen."""
    tree = deepcopy(read(INVENTORIES / ("lab" if name == "wide" else name) / "declaration").tree)
    for number in range(1, BRANCHES + 1) if name == "wide" else ():
        zone = f"branch{number}"
        ipv4, ipv6 = f"10.10.{100 + number}.0/24", f"fd5e:c0:0:{100 + number}::/64"
        segment = {"vlan": 100 + number, "ipv4": ipv4, "ipv6": ipv6, "library": "south", "population": "open"}
        tree["zones"][zone] = {
            "title": {"ja": f"第{number}分館端末系", "en": f"Branch {number} terminals"},
            "control": "N-02",
            "segments": {"floor": segment},
        }
        for vip, service in (("opac", "https"), ("proxy", "proxy")):
            name = f"{zone}-{vip}"
            tree["flows"][name] = {
                "from": {"zone": zone},
                "to": {"vip": vip},
                "services": [service],
                "why": "N-08",
                "owner": "network",
            }
            tree["numbers"][name] = max(tree["numbers"].values()) + 1
    return build(tree)
