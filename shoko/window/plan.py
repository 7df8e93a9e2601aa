"""Which hosts a windowed flow concerns, and which set elements open it there."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shoko.declaration.model import Declaration, Flow
from shoko.policy.slice import slices
from shoko.window.duration import spoken
from shoko.window.errors import WindowError

Element = list[int | str]


@dataclass(frozen=True)
class Opening:
    """What one host has to let pass: elements by the name of the set in its ruleset."""

    host: str
    elements: dict[str, list[Element]]


def windowed_flow(declaration: Declaration, name: str) -> Flow:
    """Return a flow that is opened by command; any other is an error that lists those."""
    flow = declaration.flows.get(name)
    by_command = [flow.name for flow in declaration.flows.values() if flow.window and flow.window.by_command]
    if flow is None or name not in by_command:
        known = ", ".join(by_command) or "none"
        raise WindowError(f"{name}: is no flow with a window that a command opens (there are: {known})")
    return flow


def until(flow: Flow, length: timedelta, now: datetime) -> datetime:
    """Return the end of a window that begins now; longer than declared is an error."""
    longest = flow.window.longest if flow.window else None
    if longest is not None and length > longest:
        raise WindowError(f"{flow.name}: {spoken(length)} is longer than declared (at most {spoken(longest)})")
    return now + length


def openings(declaration: Declaration, name: str) -> list[Opening]:
    """Return the hosts of a windowed flow, gateways first: they are the wall that counts."""
    gateways = declaration.gateways.hosts
    found = []
    for host, slice_ in slices(declaration).items():
        firewall = slice_["firewall"]
        if not isinstance(firewall, dict):
            raise TypeError(f"slice of {host}: firewall is not a mapping")
        for window in firewall["windows"]:
            if window["flow"] == name:
                sets = {"open4": window["ipv4"], "open6": window["ipv6"]}
                found.append(Opening(host, {key: value for key, value in sets.items() if value}))
    return sorted(found, key=lambda opening: opening.host not in gateways)
