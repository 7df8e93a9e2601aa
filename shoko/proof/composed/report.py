"""What the proof of a whole site found, for people."""

from __future__ import annotations

from collections.abc import Iterator

from shoko.proof import packet
from shoko.proof.composed.compose import Composed
from shoko.proof.composed.crossing import Crossing
from shoko.proof.composed.layers import LAYERS
from shoko.proof.expected.ends import Way
from shoko.proof.interfaces import Interfaces

_NOBODY = Interfaces(())
SHOWN = 20
MEANING = {"passes": "gets through, and no flow permits it", "blocked": "is permitted, and does not get through"}


def lines(composed: Composed) -> Iterator[str]:
    """Yield what all enforcing points together come to, and what differs, each packet with its whole way."""
    what = "rules, routes, addresses and switch" if composed.running else "rules alone; routes and switch are no part"
    equal = "differ from" if composed.crossings else "let through exactly"
    yield f"together: {composed.ways} ways from end to end {equal} what the declaration permits ({what})"
    for crossing in composed.crossings[:SHOWN]:
        yield from _crossing(crossing)
    if len(composed.crossings) > SHOWN:
        yield f"and {len(composed.crossings) - SHOWN} more; --json has them all"
    for one in composed.gateways:
        said = packet.text(one.packet, one.names)
        yield f"{one.passes} and {one.stops} are not equal: {said}: passes {one.passes}, and not {one.stops}"
    for name, broken in composed.sentences.items():
        if broken is not None:
            said = packet.text(packet.example(broken.box), _NOBODY)
            yield f"expect {name}: BROKEN: {said}: gets through, {told(broken.way)}"
    holding = sum(composed.of_sentence(name) == "holds" for name in composed.sentences)
    yield f"sentences: {holding} of {len(composed.sentences)} hold" + (
        "" if holding == len(composed.sentences) else "; " + ", ".join(_others(composed))
    )
    if composed.missing:
        yield f"unproved: every way from, through or to {', '.join(composed.missing)}"


def table(composed: Composed) -> Iterator[str]:
    """Yield which layers deny what is denied between zones, each by itself."""
    width = max((len(name) for cell in composed.zones for name in (cell.source, cell.destination)), default=0)
    yield "of what is denied between zones, each layer by itself denies all, part or none; blank: it is not there"
    yield f"{'from':{width}}  {'to':{width}}  " + "  ".join(f"{layer:8}" for layer in LAYERS).rstrip()
    for cell in composed.zones:
        said = "  ".join(f"{cell.layers.get(layer, ''):8}" for layer in LAYERS)
        yield f"{cell.source:{width}}  {cell.destination:{width}}  {said}".rstrip()


def told(way: Way) -> str:
    """Return a way in words."""
    through = f" through {way.gateway}" if way.gateway else ""
    return f"from {way.sender}{through} to {way.receiver}"


def _crossing(one: Crossing) -> Iterator[str]:
    flow = f" (flow {one.flow})" if one.flow else ""
    yield f"{told(one.way)}: {packet.text(one.packet, _NOBODY)}: {MEANING[one.kind]}{flow}"
    for stage in one.stages:
        steps = "; ".join(f"{step.rule}: {step.verdict}" for step in stage.steps)
        word = "passes" if stage.passes else "ends here"
        yield f"    {stage.host} {stage.path}: {word}" + (f" — {steps}" if steps else "")
    if one.more:
        yield f"    and {one.more} more of the same"


def _others(composed: Composed) -> Iterator[str]:
    for name in composed.sentences:
        if composed.of_sentence(name) != "holds":
            yield f"{name} is {composed.of_sentence(name)}"
