"""What the proof of a whole site found, for machines: schema/proof.schema.json."""

from __future__ import annotations

from typing import Any

from shoko.proof import packet
from shoko.proof.composed.compose import Composed
from shoko.proof.composed.crossing import Crossing, Stage
from shoko.proof.composed.layers import Cell
from shoko.proof.composed.report import MEANING
from shoko.proof.expected.ends import Way
from shoko.proof.interfaces import Interfaces
from shoko.proof.wire import hexadecimal

Record = dict[str, Any]
_NOBODY = Interfaces(())


def record(composed: Composed) -> Record:
    """Return everything; the keys are always all there and in this order."""
    return {
        "result": "counterexample" if composed.differs else "unproved" if composed.missing else "proven",
        "running": composed.running,
        "missing": list(composed.missing),
        "ways": composed.ways,
        "crossings": [_crossing(one) for one in composed.crossings],
        "gateways": [
            {"passes": one.passes, "stops": one.stops, **_packet(one.packet, one.names)} for one in composed.gateways
        ],
        "sentences": [_sentence(composed, name) for name in composed.sentences],
        "layers": {
            "segments": [_cell(cell) for cell in composed.segments],
            "zones": [_cell(cell) for cell in composed.zones],
        },
    }


def _crossing(one: Crossing) -> Record:
    return {
        "kind": one.kind,
        "meaning": MEANING[one.kind],
        **_way(one.way),
        "flow": one.flow or None,
        **_packet(one.packet, _NOBODY),
        "stages": [_stage(stage) for stage in one.stages],
        "more": one.more,
    }


def _stage(stage: Stage) -> Record:
    steps = [{"rule": step.rule, "verdict": step.verdict} for step in stage.steps]
    return {"host": stage.host, "path": stage.path, "passes": stage.passes, "steps": steps}


def _sentence(composed: Composed, name: str) -> Record:
    broken = composed.sentences[name]
    shown: Record = dict.fromkeys(("from", "through", "to", "packet", "bytes"))
    if broken is not None:
        shown = {**_way(broken.way), **_packet(packet.example(broken.box), _NOBODY)}
    return {"sentence": name, "result": composed.of_sentence(name), **shown}


def _way(way: Way) -> Record:
    return {"from": str(way.sender), "through": way.gateway or None, "to": str(way.receiver)}


def _packet(one: packet.Packet, names: Interfaces) -> Record:
    return {"packet": packet.record(one, names), "bytes": hexadecimal(one)}


def _cell(cell: Cell) -> Record:
    return {"from": cell.source, "to": cell.destination, "layers": dict(cell.layers)}
