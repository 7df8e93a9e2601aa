"""Day-0 rulesets: from the controllers to the SSH of declared hosts, forwarded by the gateways, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources

from jinja2 import Environment, StrictUndefined

from shoko.bootstrap.errors import BootstrapError
from shoko.bootstrap.model import File
from shoko.bootstrap.routes import address_of, controllers
from shoko.declaration.model import Declaration, Family, Host, Leg
from shoko.policy.prefixes import FAMILIES

SELECTOR: dict[Family, str] = {"ipv4": "ip", "ipv6": "ip6"}
SSH = 22  # where Debian's sshd listens on day 0


def ruleset(declaration: Declaration, host: Host) -> File:
    """Return a host's day-0 /etc/nftables.conf."""
    control = controllers(declaration)
    others = [other for other in declaration.hosts.values() if other != host]
    template = resources.files("shoko.bootstrap").joinpath("templates/day0.nft.j2").read_text()
    # The text is an nft file, not HTML: escaping would corrupt it.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)  # noqa: S701
    text = environment.from_string(template).render(
        host=host.name,
        input=_rules("iifname", host.manage_leg, [one for one in control if one != host], [host]),
        forward=_forward(declaration, host, control) if host.name in declaration.gateways.hosts else [],
        output=_rules("oifname", host.manage_leg, [host], others) if host in control else [],
    )
    return File("/etc/nftables.conf", text.encode(), 0o755)


def _forward(declaration: Declaration, host: Host, control: tuple[Host, ...]) -> list[str]:
    """One rule per pair of segments and family: the controllers to the management legs that stand there."""
    rules: list[str] = []
    interface = {leg.segment: leg.interface for leg in host.legs}
    by_segment: dict[str, list[Host]] = {}
    for other in declaration.hosts.values():
        if other.name not in declaration.gateways.hosts:
            by_segment.setdefault(other.manage_leg.segment, []).append(other)
    for near in dict.fromkeys(one.manage_leg.segment for one in control):
        senders = [one for one in control if one.manage_leg.segment == near]
        for far, hosts in by_segment.items():
            if far != near:
                rules += _rules(f'iifname "{interface[near]}" oifname', interface[far], senders, hosts)
    return rules


def _rules(match: str, leg: Leg | str, senders: Iterable[Host], receivers: Iterable[Host]) -> list[str]:
    """One exact rule per family; none where either side has no address in it. Never an empty set."""
    interface = leg if isinstance(leg, str) else leg.interface
    senders, receivers = list(senders), list(receivers)
    if not senders or not receivers:
        return []
    rules: list[str] = []
    for family in FAMILIES:
        pairs = [
            f"{source} . {destination} . {SSH}"
            for one in senders if (source := address_of(one.manage_leg, family)) is not None
            for other in receivers if (destination := address_of(other.manage_leg, family)) is not None
        ]  # fmt: skip
        if pairs:
            word = SELECTOR[family]
            rules.append(
                f'{match} "{interface}" {word} saddr . {word} daddr . tcp dport {{ {", ".join(pairs)} }} '
                'ct state new counter accept comment "day-0:manage"'
            )
    if not rules:
        names = ", ".join(host.name for host in receivers)
        raise BootstrapError(f"hosts: the controllers and {names} have no address family in common")
    return rules
