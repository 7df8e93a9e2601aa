"""Who reaches whom on the converged lab: by connections from hosts, and by frames that pass no ruleset of theirs."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable

import pytest
from segments.frames import frame
from segments.permitted import Attempt, leg_ends, permitted
from segments.site import WORKER, Site

from shoko.declaration.model import Declaration
from shoko.policy.accounts import RESERVED_UIDS

NOBODY_ASKED = {9, 23, 80, 139, 445, 3389, 8080}  # ports that no service of the site has
MOST_DENIED = 1500
SECONDS = 3.5  # for an answer: a SYN that is lost on a busy machine is sent again after one second, and after three


@pytest.fixture(scope="module")
def allowed(site: Site) -> set[Attempt]:
    """What the declaration permits between parties that run."""
    alive = targets(site)
    return {attempt for attempt in permitted(site.declaration)
            if attempt.host in site.running and attempt.destination in alive}  # fmt: skip


def targets(site: Site) -> dict[str, str]:
    """Every address that somebody running has or may hold, with the host or group it belongs to."""
    declaration = site.declaration
    found: dict[str, str] = {}
    for host in declaration.hosts.values():
        if host.name in site.running:
            found |= {str(end.address): host.name for leg in host.legs for end in leg_ends(leg)}
    for segment in declaration.segments.values():
        if segment.vlan is not None:
            for family in ("ipv4", "ipv6"):
                found[str(declaration.gateway_vip(segment.name, family))] = "gateways"
    for vip in declaration.vips.values():
        if any(host.name in site.running for host in declaration.group(vip.held_by)):
            found |= {str(address): vip.held_by for address in (vip.ipv4, vip.ipv6) if address is not None}
    for party in declaration.external.values():
        if party.name in site.running:
            found |= {str(one.ip): party.name for one in (party.ipv4, party.ipv6) if one is not None}
    return found


def sources(site: Site) -> list[tuple[str, str, str]]:
    """Host, address and segment of everybody who runs and could try something."""
    declaration = site.declaration
    found = [
        (host.name, str(end.address), leg.segment)
        for host in declaration.hosts.values()
        if host.name in site.running
        for leg in host.legs
        for end in leg_ends(leg)
    ]
    found += [
        (party.name, str(one.ip), f"{party.zone}.outside")
        for party in declaration.external.values()
        if party.name in site.running
        for one in (party.ipv4, party.ipv6)
        if one is not None
    ]
    return found


def denied(
    site: Site, allowed: set[Attempt], protocols: Iterable[str], choose: Callable[[Attempt], bool] = lambda _: True
) -> list[Attempt]:
    """Connections that nothing permits, over all pairs of sources and targets; the same choice in every run."""
    ports = sorted(
        NOBODY_ASKED | {port.number for service in site.declaration.services.values() for port in service.ports}
    )
    known = {(one.source, one.destination, one.protocol, one.port) for one in allowed}
    outside = {party.name for party in site.declaration.external.values()}
    everything = [
        Attempt(host, source, destination, protocol, port)
        for host, source, _ in sources(site)
        for destination, owner in targets(site).items()
        if owner != host
        and (":" in source) == (":" in destination)
        # Between parties outside nothing of the site stands in the way; a gateway's own addresses are one place.
        and not (host in outside and owner in outside)
        and not (host in site.declaration.gateways.hosts and owner in ("gateways", *site.declaration.gateways.hosts))
        and not holds(site.declaration, host, owner)
        for protocol in protocols
        for port in ports
        if (source, destination, protocol, port) not in known
    ]
    return sorted(filter(choose, everything), key=lambda one: hashlib.sha256(repr(one).encode()).digest())[:MOST_DENIED]


def holds(declaration: Declaration, host: str, group: str) -> bool:
    """True if a shared address of that group may be this very host's."""
    return any(member.name == host for member in declaration.group(group))


def try_all(site: Site, attempts: Iterable[Attempt]) -> dict[Attempt, str]:
    """Make ordinary connections from the hosts, each host all of its own at once."""
    numbered = dict(enumerate(attempts))
    jobs: dict[str, list[list[object]]] = defaultdict(list)
    for number, one in numbered.items():
        uid = RESERVED_UIDS[one.user] if one.user else 0
        jobs[one.host].append([str(number), one.source, one.destination, one.port, uid])
    answers = site.work_everywhere(
        "connect", {host: {"attempts": rows, "seconds": SECONDS} for host, rows in jobs.items()}
    )
    return {numbered[int(number)]: result for found in answers.values() for number, result in found.items()}


def report(results: dict[Attempt, str], bad: set[Attempt]) -> str:
    """Lines for the reader of a failed test."""
    return "\n".join(f"{one}: {results[one]}" for one in sorted(bad))


def test_every_flow_lets_its_connections_through(site: Site, allowed: set[Attempt]) -> None:
    """A far host's answer, even that nobody listens there, shows that the packet went all the way and back."""
    attempts = sorted(one for one in allowed if one.protocol == "tcp")
    assert len(attempts) >= 20
    results = try_all(site, attempts)
    bad = {one for one, result in results.items() if result not in ("open", "refused")}
    assert not bad, report(results, bad)


def test_nothing_else_gets_through(site: Site, allowed: set[Attempt]) -> None:
    attempts = denied(site, allowed, ["tcp"])
    assert len(attempts) >= 200
    results = try_all(site, attempts)
    bad = {one for one, result in results.items() if result in ("open", "refused")}
    assert not bad, report(results, bad)


def test_a_flow_of_a_system_user_is_closed_to_root(site: Site, allowed: set[Attempt]) -> None:
    attempts = [Attempt(one.host, one.source, one.destination, one.protocol, one.port)
                for one in sorted(allowed) if one.user is not None]  # fmt: skip
    assert attempts
    results = try_all(site, attempts)
    assert set(results.values()) <= {"silent", "unreachable"}, report(results, set(results))


class Watchers:
    """Watches the legs of several hosts, from before the first frame until after the last."""

    def __init__(self, site: Site, hosts: Iterable[str]) -> None:
        self._site = site
        self._processes: dict[str, subprocess.Popen[str]] = {}
        for host in hosts:
            names = [link["ifname"] for link in site.interfaces(host) if link["ifname"] != "lo"]
            process = subprocess.Popen(
                [*site.network(host), sys.executable, str(WORKER), "watch"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            assert process.stdin is not None
            process.stdin.write(json.dumps({"interfaces": names}) + "\n")
            process.stdin.flush()
            self._processes[host] = process
        for process in self._processes.values():
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"

    def stop(self) -> dict[str, set[str]]:
        """Return the tokens that each host has received."""
        found: dict[str, set[str]] = {}
        for host, process in self._processes.items():
            output, _ = process.communicate("stop\n", timeout=60)
            assert process.returncode == 0, host
            found[host] = {token for tokens in json.loads(output).values() for token in tokens}
        return found


def send_frames(site: Site, attempts: dict[str, Attempt]) -> tuple[set[str], set[str]]:
    """Send every attempt once as a raw frame to the active gateway; tokens seen there, and seen at destinations."""
    declaration, gateway = site.declaration, site.active_gateway
    legs = {str(end.address): leg for host in declaration.hosts.values() for leg in host.legs for end in leg_ends(leg)}
    gates = {leg.segment: site.mac(gateway, leg.interface) for leg in declaration.hosts[gateway].legs}
    macs = {host: {link["ifname"]: link["address"] for link in site.interfaces(host)}
            for host in {one.host for one in attempts.values()}}  # fmt: skip
    jobs: dict[str, list[list[str]]] = defaultdict(list)
    for token, one in attempts.items():
        leg = legs[one.source]
        content = frame(one, token, macs[one.host][leg.interface], gates[leg.segment], 20000 + int(token, 16) % 40000)
        jobs[one.host].append([leg.interface, content.hex()])
    inner = [host for host in sorted(site.running) if host in declaration.hosts and host not in declaration.switches]
    watchers = Watchers(site, [*inner, *(name for name in sorted(declaration.external) if name in site.running)])
    site.work_everywhere("send", {host: {"frames": rows, "pause": 0.0005} for host, rows in jobs.items()})
    seen = watchers.stop()
    arrived = {token for host, tokens in seen.items() for token in tokens
               if token in attempts and host not in declaration.gateways.hosts}  # fmt: skip
    return seen[gateway] & set(attempts), arrived


def test_the_gateway_alone_lets_through_what_is_declared_and_nothing_else(site: Site, allowed: set[Attempt]) -> None:
    """Frames that pass no ruleset of their sender. Sent = seen at the gateway = passed + dropped there."""
    segment_of = {str(end.address): leg.segment for host in site.declaration.hosts.values()
                  for leg in host.legs for end in leg_ends(leg)}  # fmt: skip
    vips = {str(a): v.segment for v in site.declaration.vips.values() for a in (v.ipv4, v.ipv6) if a is not None}
    gateways, owners = site.declaration.gateways.hosts, targets(site)

    def crosses(one: Attempt) -> bool:
        """From a host of ours through the gateway to somebody who is not the gateway."""
        destination = (segment_of | vips).get(one.destination, "outside")
        owner = owners[one.destination]
        return (
            one.source in segment_of
            and one.host not in gateways
            and owner not in ("gateways", *gateways)
            and destination != segment_of[one.source]
            and one.host not in site.declaration.switches
            and owner not in site.declaration.switches
        )

    good = {Attempt(one.host, one.source, one.destination, one.protocol, one.port) for one in allowed if crosses(one)}
    bad = denied(site, allowed, ["tcp", "udp"], crosses)
    assert len(good) >= 20
    assert len(bad) >= 200
    attempts = {f"{number:08x}": one for number, one in enumerate([*sorted(good), *bad])}
    counted: set[str] = set()
    arrived: set[str] = set()
    for _ in range(3):  # what the switch lost is sent again, never counted as denied
        missing = {token: one for token, one in attempts.items() if token not in counted}
        missing |= {token: one for token, one in attempts.items() if one in good and token not in arrived}
        if not missing:
            break
        at_gateway, at_destination = send_frames(site, missing)
        counted |= at_gateway
        arrived |= at_destination
    unproved = [attempts[token] for token in attempts if token not in counted]
    assert not unproved, f"never reached the gateway, so nothing is shown: {unproved[:10]}"
    wrong = [attempts[token] for token in arrived if attempts[token] not in good]
    assert not wrong, f"passed the gateway undeclared: {wrong[:10]}"
    lost = [one for token, one in attempts.items() if one in good and token not in arrived]
    assert not lost, f"declared, but did not pass the gateway: {lost[:10]}"
