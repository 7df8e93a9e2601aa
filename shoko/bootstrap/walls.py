"""Day-0 rulesets: from the controllers to the SSH of declared hosts, forwarded by the gateways, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from itertools import product

from jinja2 import Environment, StrictUndefined

from shoko.bootstrap.errors import BootstrapError
from shoko.bootstrap.model import File
from shoko.bootstrap.routes import address_of, controllers
from shoko.declaration.model import Address, Declaration, Family, Host
from shoko.policy.ends import leg_end
from shoko.policy.permits import Way, Words, addresses, entry, words_of
from shoko.policy.prefixes import FAMILIES, single

SELECTOR: dict[Family, str] = {"ipv4": "ip", "ipv6": "ip6"}
SSH = 22  # where Debian's sshd listens on day 0
COMMENT = "day-0:manage"
RECORD = "/var/lib/shoko/firewall/confirmed.json"  # where the firewall module looks for what was confirmed last


@dataclass(frozen=True)
class _Way:
    """Controllers that reach hosts, in one chain: `match` is the interfaces as nft reads them."""

    chain: str
    match: str
    senders: tuple[Host, ...]
    receivers: tuple[Host, ...]

    def pairs(self, family: Family) -> list[tuple[Host, Address, Host, Address]]:
        """Return who reaches whom in a family; nobody where either side has no address in it."""
        return [
            (one, source, other, destination)
            for one, other in product(self.senders, self.receivers)
            if (source := address_of(one.manage_leg, family)) is not None
            and (destination := address_of(other.manage_leg, family)) is not None
        ]


def wall_files(declaration: Declaration, host: Host) -> list[File]:
    """Return a host's day-0 /etc/nftables.conf, and the record of what it permits."""
    ways = list(_ways(declaration, host))
    template = resources.files("shoko.bootstrap").joinpath("templates/day0.nft.j2").read_text()
    # The text is an nft file, not HTML: escaping would corrupt it.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)  # noqa: S701
    rules = {chain: [rule for way in ways if way.chain == chain for rule in _rules(way)]
             for chain in ("input", "forward", "output")}  # fmt: skip
    text = environment.from_string(template).render(host=host.name, **rules)
    record = {
        "digest": hashlib.sha256(text.encode()).hexdigest(),
        "tables": ["inet shoko"],
        "permits": _permits(declaration, ways),
    }
    return [
        File("/etc/nftables.conf", text.encode(), 0o755),
        File(RECORD, f"{json.dumps(record, indent=1)}\n".encode(), 0o600),
    ]


def _ways(declaration: Declaration, host: Host) -> Iterator[_Way]:
    control = controllers(declaration)
    interface = host.manage_leg.interface
    yield _Way("input", f'iifname "{interface}"', tuple(one for one in control if one != host), (host,))
    if host in control:
        others = tuple(other for other in declaration.hosts.values() if other != host)
        yield _Way("output", f'oifname "{interface}"', (host,), others)
    if host.name in declaration.gateways.hosts:
        yield from _forwarded(declaration, host, control)


def _forwarded(declaration: Declaration, host: Host, control: tuple[Host, ...]) -> Iterator[_Way]:
    """One way per pair of segments: the controllers to the management legs that stand there."""
    interface = {leg.segment: leg.interface for leg in host.legs}
    by_segment: dict[str, list[Host]] = {}
    for other in declaration.hosts.values():
        if other.name not in declaration.gateways.hosts:
            by_segment.setdefault(other.manage_leg.segment, []).append(other)
    for near in dict.fromkeys(one.manage_leg.segment for one in control):
        senders = tuple(one for one in control if one.manage_leg.segment == near)
        for far, hosts in by_segment.items():
            if far != near:
                match = f'iifname "{interface[near]}" oifname "{interface[far]}"'
                yield _Way("forward", match, senders, tuple(hosts))


def _rules(way: _Way) -> list[str]:
    """One exact rule per family. Never an empty set."""
    if not way.senders or not way.receivers:
        return []
    rules: list[str] = []
    for family in FAMILIES:
        cells = [f"{source} . {destination} . {SSH}" for _one, source, _other, destination in way.pairs(family)]
        if cells:
            word = SELECTOR[family]
            rules.append(
                f"{way.match} {word} saddr . {word} daddr . tcp dport {{ {', '.join(cells)} }} "
                f'ct state new counter accept comment "{COMMENT}"'
            )
    if not rules:
        names = ", ".join(host.name for host in way.receivers)
        raise BootstrapError(f"hosts: the controllers and {names} have no address family in common")
    return rules


def _permits(declaration: Declaration, ways: list[_Way]) -> list[dict[str, object]]:
    """What the rules permit, as the slice's `firewall.permits` says it: the first plan begins from here."""
    found: dict[Words, set[Way]] = {}
    for way in ways:
        for family in FAMILIES:
            for one, source, other, destination in way.pairs(family):
                ends = [words_of(declaration, leg_end(host.manage_leg)) for host in (one, other)]
                words: Words = (way.chain, COMMENT, ends[0], ends[1], "ssh", (), False)
                packet: Way = (family, "tcp", SSH, addresses([single(source)]), addresses([single(destination)]))
                found.setdefault(words, set()).add(packet)
    return [entry(words, found[words]) for words in sorted(found)]
