"""One host's ruleset judged by real packets: chosen from the ruleset as it runs and from the declaration."""

from dataclasses import dataclass

from shoko.proof import read as reading
from shoko.proof.boxes import meet
from shoko.proof.dynamic.corners import corners, segments, session_corners
from shoko.proof.dynamic.possible import going_on, possible
from shoko.proof.dynamic.verdicts import Verdicts, around, inside
from shoko.proof.expected.host import HostExpectation
from shoko.proof.expected.translation import of_groups
from shoko.proof.index import Index
from shoko.proof.paths import PATHS, accepted
from shoko.proof.spans import of

from .datagram import session

ELSEWHERE = "elsewhere"  # an interface that nobody names


@dataclass
class Judged:
    """What packets showed: differences from the declaration, and from the analysis of the same ruleset."""

    sent: int
    found: list
    against_analysis: list


def interfaces(declaration, host):
    """The interfaces that a declared host has; "lo" besides."""
    found = {leg.interface for leg in declaration.hosts[host].legs}
    if host in declaration.gateways.hosts:
        found |= {segment.interface for segment in declaration.segments.values()}
        found.add(declaration.gateways.sync.interface)
    return sorted(found)


def numbers(declaration, host, names, place):
    """The interface of each number that a packet can come or go by. A name of a wildcard gets one that only it fits."""
    found = {names.number(name): name for name in (*interfaces(declaration, host), "lo")}
    found[max(names.known.values()) + 1] = ELSEWHERE
    for name, number in names.known.items():
        if name.endswith("*"):
            found[number] = f"{name[:-1]}zz9"[:15]
    for name in found.values():
        place.connect(name)
    return found


def judged(place, site, host, names, listing):
    """Judge a ruleset that the place has loaded; `site` is declaration and permissions, `listing` what nft says."""
    ways = numbers(site[0], host, names, place)
    result = Judged(0, [], [])
    ruleset, expected = reading.read(listing, names), HostExpectation(*site, host, names)
    for path in PATHS:
        packets = chosen(ruleset, path, expected, ways)
        rewritten = expected.rewritten if path == "output" else []
        translated = of_groups(*site, host, names) if path != "input" else {}
        verdicts = Verdicts(expected.permitted(path), rewritten, translated)
        passing = Index(box for batch in accepted(ruleset, path) for box in batch.boxes)
        fates = place.fates(path, packets, ways, _rewritten_as(rewritten))
        for packet, fate in zip(packets, fates, strict=True):
            kind = verdicts.difference(packet, fate)
            if kind:
                result.found.append((path, kind, packet))
            if fate.passes != bool(around(passing, packet)):
                result.against_analysis.append((path, packet, fate))
        result.sent += len(packets)
    return result


def lost(place, site, host, names, listing):
    """Packets chosen for a ruleset that do not come through although the place has none: they prove nothing."""
    ways = numbers(site[0], host, names, place)
    ruleset, expected = reading.read(listing, names), HostExpectation(*site, host, names)
    found = []
    for path in PATHS:
        packets = chosen(ruleset, path, expected, ways)
        fates = place.fates(path, packets, ways)
        found += [packet for packet, fate in zip(packets, fates, strict=True) if not fate.passes]
    return found


def chosen(ruleset, path, expected, ways):
    """The product's choice of packets for a ruleset, from and to the interfaces that there are."""
    within = {}
    if path != "output":
        within["iif"] = of(ways)
    if path != "input":  # nothing is ever forwarded to the loopback
        within["oif"] = of(number for number, name in ways.items() if path == "output" or name != "lo")
    boxes = segments(ruleset, path, expected.permitted(path))
    return corners(boxes, path, within) + session_corners(boxes, path, within)


def can_be_shown(box, path):
    """Whether a packet of a box can be made at all, alone or in a session."""
    return any(meet(box, place) is not None for place in (*possible(path), *going_on(path)))


def _rewritten_as(rewritten):
    def further(packet):
        return [session({**packet, "saddr": source}) for box, source in rewritten if inside(box, packet)]

    return further
