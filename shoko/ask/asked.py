"""What a question asks for: a declared service, or one port."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shoko.ask.errors import AskError
from shoko.declaration.model import Declaration, Port

_PORT = re.compile(r"(tcp|udp)/([1-9][0-9]{0,4})")


@dataclass(frozen=True)
class Asked:
    """The ports of a question, at least one. `service` is the declared service that has exactly these, if any."""

    text: str
    ports: tuple[Port, ...]
    service: str | None

    @property
    def words(self) -> str:
        """For people: `https (tcp/443)`."""
        ports = ", ".join(f"{port.protocol}/{port.number}" for port in self.ports)
        return ports if self.service is None else f"{self.service} ({ports})"


def asked(declaration: Declaration, text: str) -> Asked:
    """Read a service's name, `tcp/PORT` or `udp/PORT`. Raises AskError."""
    if (service := declaration.services.get(text)) is not None:
        return Asked(text, service.ports, text)
    if text.partition("/")[0] in {"icmp", "icmpv6", "ping"}:
        raise AskError(
            f"{text}: flows permit TCP and UDP ports only; echo is always denied, and the ICMP that passes "
            "(neighbours, errors of permitted sessions) is the plumbing of docs/policy.md"
        )
    found = _PORT.fullmatch(text)
    if found is None or int(found[2]) > 65535:
        known = ", ".join(declaration.services)
        raise AskError(f"{text}: no such service (there are: {known}; or tcp/PORT, udp/PORT)")
    port = Port("tcp" if found[1] == "tcp" else "udp", int(found[2]))
    exact = (one.name for one in declaration.services.values() if one.ports == (port,))
    return Asked(text, (port,), next(exact, None))
