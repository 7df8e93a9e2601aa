"""What of a question that is partly permitted is not: the narrowest ends that a flow for the rest can name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from shoko.ask.answer import Answer, lacking
from shoko.ask.place import Member, Place, Written


def rest(answer: Answer) -> Answer:
    """Return the same question with ends that name no more than a flow for what is lacking must."""
    pairs = lacking(answer.source, answer.destination, answer.asked, answer.grants)
    sources = list(dict.fromkeys(one for one, _, _ in pairs))
    destinations = list(dict.fromkeys(other for _, other, _ in pairs))
    return replace(answer, source=_part(answer.source, sources), destination=_part(answer.destination, destinations))


def _part(place: Place, members: list[Member]) -> Place:
    """A place written by those of its hosts or segments that matter; as it is where all do."""
    if not place.many or len(members) == len(place.members):
        return place
    hosts = [end for member in members for end in member.ends if end.host is not None]
    written: Written
    if len(members) == len(hosts) == 1:
        written = {"host": hosts[0].host, "leg": hosts[0].interface}
        return replace(place, selectors=({"host": hosts[0].host}, written))
    if place.kind == "segment":
        return place
    segments = _segments(members)
    if segments == _segments(place.members):
        return place
    written = {**place.selectors[0], "segments": segments}
    return replace(place, selectors=(written,))


def _segments(members: Iterable[Member]) -> list[str]:
    """The keys of the segments in which some members stand."""
    return list(dict.fromkeys(end.segment.partition(".")[2] for member in members for end in member.ends))
