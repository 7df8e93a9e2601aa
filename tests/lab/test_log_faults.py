"""Idle hosts and a collector or a gateway that goes away without a word: the next line still arrives everywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from collected import eventually, missing, say
from converged import SITE, Converged
from power import holders, power_off, power_on, runs, wait
from segments.site import Site

from shoko.declaration import load

MANAGED = tuple(load(SITE).hosts)
WITHIN = 60  # seconds, for a line of every host at both collectors


@pytest.fixture
def powered(site: Site) -> Iterator[None]:
    """Everybody has power again after the test."""
    yield
    off = [host for host in ("log1", *site.declaration.gateways.hosts) if not runs(site, host)]
    if off:
        power_on(site, *off)


def collector_restarts(converged: Converged, site: Site) -> str:
    """The collector's daemon dies and comes back; the hosts say nothing meanwhile."""
    converged.said("log1", "systemctl", "kill", "--signal=KILL", "rsyslog")
    wait(lambda: ":2514" in converged.inside("log1", "ss", "-Hltn").stdout, 30, "rsyslog does not come back")
    return ""


def collector_loses_power(converged: Converged, site: Site) -> str:
    """The collector is off for a while and cannot say so. Every host writes one line that only it can miss."""
    power_off(site, "log1")
    word = f"while-away-{time.time_ns()}"
    say(converged, [host for host in MANAGED if host != "log1"], word)
    time.sleep(20)
    power_on(site, "log1")
    wait(lambda: ":2514" in converged.inside("log1", "ss", "-Hltn").stdout, 30, "rsyslog does not come back")
    return word


def gateway_loses_power(converged: Converged, site: Site) -> str:
    """The sessions must go on through the other gateway, or be noticed as dead."""
    gateways = site.declaration.gateways
    address = str(site.declaration.gateway_vip(gateways.manage, "ipv4"))
    (active,) = holders(site, gateways.hosts, address)
    power_off(site, active)
    power_on(site, active)
    return ""


@pytest.mark.usefixtures("powered")
@pytest.mark.parametrize("fault", [collector_restarts, collector_loses_power, gateway_loses_power])
def test_the_next_line_of_an_idle_host_arrives_everywhere(
    converged: Converged,
    site: Site,
    fault: Callable[[Converged, Site], str],
    record_property: Callable[[str, object], None],
) -> None:
    earlier = fault(converged, site)
    word = f"afterwards-{time.time_ns()}"
    say(converged, MANAGED, word)
    begin = time.monotonic()
    assert eventually(lambda: not missing(converged, MANAGED, word), WITHIN), (
        f"not arrived: {missing(converged, MANAGED, word)}"
    )
    took = time.monotonic() - begin
    record_property("seconds", round(took, 1))
    print(f"{fault.__name__}: every host's line at both collectors after {took:.1f} s")
    if earlier:
        hosts = [host for host in MANAGED if host != "log1"]
        assert missing(converged, hosts, earlier) == [], "what was written meanwhile"
