"""A plain computer on the internet: address, default route, the internet's names."""

from collections.abc import Sequence

from shoko.declaration.model import External
from shoko.lab.outside.wire import Interface
from shoko.lab.plan import DayZero, LabLeg, text_file


def network_file(name: str, lines: Sequence[str]) -> DayZero:
    """Return a systemd.network(5) file for the interface `name`; `lines` follow the match."""
    body = "\n".join(["[Match]", f"Name={name}", "", *lines])
    return text_file(f"/etc/systemd/network/10-{name}.network", body + "\n")


def resolver_file(party: External) -> DayZero:
    """Return a resolv.conf that asks the world."""
    servers = [address.ip for address in (party.ipv4, party.ipv6) if address is not None]
    return text_file("/etc/resolv.conf", "".join(f"nameserver {server}\n" for server in servers))


def files(leg: LabLeg, router: Sequence[Interface], world: External) -> list[DayZero]:
    """Return the files of an outside party that stands on the world's wire."""
    lines = ["[Network]", "IPv6AcceptRA=no"]
    lines += [f"Address={address}" for address in leg.addresses]
    lines += [f"Gateway={address.ip}" for address in router]
    return [network_file(leg.name, lines), resolver_file(world)]
