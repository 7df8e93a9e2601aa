"""Sites that are drawn, and Chromium to look at them."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

from shoko.declaration import Declaration
from shoko.declaration.build import build
from shoko.declaration.reader import read
from shoko.proof.differences import Difference
from shoko.proof.kept import Kept

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


def doubtful(declaration: Declaration) -> Kept:
    """A proof of the lab in which every mark occurs: a flow blocked, one that nobody permits, a host without answer."""
    hosts = tuple(declaration.hosts)
    return Kept(
        result="counterexample",
        digest=declaration.digest,
        current=True,
        running=True,
        when=datetime(2026, 11, 28, 11, 20, tzinfo=UTC),
        kernels=("6.18",),
        hosts=hosts,
        proven=frozenset(hosts) - {"fw1", "fw2", "px2"},
        differences=(
            Difference(("fw1", "fw2"), "forward", "blocked", "…", ("business", "information"), flow="bibliography"),
            Difference(("fw1", "fw2"), "forward", "passes", "…", ("information", "data"), service="tcp/22"),
            Difference(("db1",), "input", "passes", "…", ("data", "data"), service="udp/5353"),
        ),
        unproved=(("px2", "did not answer"),),
    )
