"""What all hosts, gateways, routes and the switch let through together, and should not: from end to end."""

from __future__ import annotations

from collections.abc import Iterator

from shoko.drift.changes import Change, HostDrift
from shoko.drift.sentences import services
from shoko.proof import packet
from shoko.proof.boxes import point
from shoko.proof.composed.compose import Composed
from shoko.proof.composed.crossing import Crossing
from shoko.proof.interfaces import Interfaces

NAME = "together"  # stands in the place of a host's name
_NOBODY = Interfaces(())


def together(composed: Composed) -> HostDrift:
    """Return what really gets through now, or no longer. A way that only one host opened is not among it as long as
    the others on it hold; nor is one from, through or to a host that could not be read.
    """
    return HostDrift(NAME, tuple(sorted(_changes(composed), key=lambda one: one.ident)))


def _changes(composed: Composed) -> Iterator[Change]:
    for one in composed.crossings:
        gained = one.kind == "passes"
        yield Change(NAME, "ways", "gained" if gained else "lost", (_said(one),), _where(one), _shown(one))


def _said(one: Crossing) -> str:
    verb = "can now reach" if one.kind == "passes" else "can no longer reach"
    through = f" through {one.way.gateway}" if one.way.gateway else ""
    by = ", ".join(services(point(one.packet)))
    flow = f" (flow {one.flow})" if one.flow else ""
    more = f", and {one.more} more ways alike" if one.more else ""
    return f"from end to end {one.way.sender} {verb} {one.way.receiver}{through} by {by}{flow}{more}"


def _where(one: Crossing) -> str:
    """Where a way ends that should not; one that gets through is opened by what the hosts' own lines tell."""
    last = one.stages[-1] if one.stages and one.kind == "blocked" else None
    return f"it ends at {last.host}, {last.path}" if last is not None else ""


def _shown(one: Crossing) -> str:
    return packet.text(one.packet, _NOBODY)
