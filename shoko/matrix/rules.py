"""The rules by which hosts let through what a cell carries, in the order of the way."""

from __future__ import annotations

from collections.abc import Sequence

from shoko.ask.hops import Hop
from shoko.declaration.model import Declaration
from shoko.policy.expand import Pass
from shoko.policy.rules import answered, answering_legs, chain_name, forwarded, merged, sending_legs, sent


def rules(declaration: Declaration, passes: Sequence[Pass]) -> list[Hop]:
    """Return the senders' output, the gateways' chains and the receivers' input, as far as these passes need them."""
    senders = {leg.host for item in passes for leg in sending_legs(declaration, item.source)}
    receivers = {leg.host for item in passes for leg in answering_legs(declaration, item.destination)}
    through = merged(forwarded(declaration, passes))
    return [
        *(_at(host, "output", rule) for host in sorted(senders) for rule in merged(sent(declaration, passes, host))),
        *(Hop(declaration.gateways.hosts, chain_name(str(rule["iif"]), str(rule["oif"])), rule) for rule in through),
        *(
            _at(host, "input", rule)
            for host in sorted(receivers)
            for rule in merged(answered(declaration, passes, host))
        ),
    ]


def _at(host: str, chain: str, rule: dict[str, object]) -> Hop:
    return Hop((host,), chain, rule)
