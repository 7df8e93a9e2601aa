"""The way back: an answer passes after a permitted first packet, and the same answer without one does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from shoko.proof.dynamic import frames
from shoko.proof.dynamic.ends import Pair, fields, open_box
from shoko.proof.dynamic.judge import Judge
from shoko.proof.dynamic.possible import state
from shoko.proof.dynamic.probes import Probe, try_probes
from shoko.proof.dynamic.result import SuiteResult
from shoko.proof.dynamic.traffic import Traffic
from shoko.proof.fields import ESTABLISHED
from shoko.proof.packet import Packet

_SYN_ACK = 0x12


@dataclass(frozen=True)
class _Session:
    """A permitted first packet and the segment that it goes to."""

    pair: Pair
    opening: Packet
    flow: str


def replies(traffic: Traffic, judge: Judge, every: Iterable[Pair], sport: int) -> SuiteResult:
    """Open one session of each flow, protocol and pair, and answer it; also answer sessions that nobody has opened."""
    result = SuiteResult("replies", judge.gate.name)
    sessions = list(_sessions(judge, every, sport))
    # Before anything is open: an answer to nothing.
    strange = [_answer(judge, one, known=False) for one in sessions]
    try_probes(traffic, judge, [one for one in strange if one is not None], result)
    out: dict[int, bytes] = {}
    openings = [Probe(one.pair.source.interface, one.opening) for one in sessions]
    try_probes(traffic, judge, openings, result, came=lambda probe, packet: out.setdefault(id(probe), packet))
    answers = []
    for opening, one in zip(openings, sessions, strict=True):
        answer = _answer(judge, one, known=True)
        if answer is not None and id(opening) in out:
            answers.append(_to_whom_it_came_from(answer, out[id(opening)]))
    try_probes(traffic, judge, answers, result)
    return result


def _sessions(judge: Judge, every: Iterable[Pair], sport: int) -> Iterator[_Session]:
    seen = set()
    for pair in every:
        for proto in (frames.TCP, frames.UDP):
            packet = fields(judge, pair, proto, sport)
            must = judge.values(open_box(packet, "dport"), "dport")[0]
            for port in (port for at in range(0, len(must), 2) for port in range(must[at], must[at + 1])):
                opening = {**packet, "dport": port}
                flow = judge.flow(opening)
                key = (flow, pair.family, pair.source.name, pair.destination.name, proto, port)
                if key not in seen:
                    seen.add(key)
                    yield _Session(pair, opening, flow)


def _answer(judge: Judge, one: _Session, *, known: bool) -> Probe | None:
    """The answer as it comes back by the destination's segment; None where no port of ours is there."""
    back = one.pair.destination
    if back.vlan is None:
        return None
    packet = {
        **one.opening,
        "iif": one.opening["oif"], "oif": one.opening["iif"],
        "saddr": one.opening["daddr"], "daddr": one.opening["saddr"],
        "sport": one.opening["dport"], "dport": one.opening["sport"],
        "flags": _SYN_ACK if one.opening["proto"] == frames.TCP else 0,
    }  # fmt: skip
    if known:
        going_on = {"state": ESTABLISHED, "direction": 1, "mark": judge.mark(one.flow)}
        return Probe(back.interface, {**packet, **going_on}, f"an answer in a session of {one.flow}")
    return Probe(back.interface, {**packet, "state": state(packet)}, "an answer to nobody's question")


def _to_whom_it_came_from(answer: Probe, opening: bytes) -> Probe:
    """The same answer to the source that the receiver saw, which a gateway may have translated."""
    start = 20 if answer.packet["family"] == 4 else 40
    source = opening[12:16] if answer.packet["family"] == 4 else opening[8:24]
    port = int.from_bytes(opening[start : start + 2])
    sent = {**answer.packet, "daddr": int.from_bytes(source), "dport": port}
    return replace(answer, pieces=lambda token: (frames.packet(sent, token),))
