"""The permitted flows below the zones: a row each, in lanes that hang from the zones' columns."""

from __future__ import annotations

from shoko.declaration.model import Declaration, Flow, Selector
from shoko.proof.differences import Difference
from shoko.proof.kept import Kept
from shoko.topology.arrows import GREY, INK, RED, Arrow, Row, sample
from shoko.topology.columns import color, tint
from shoko.topology.describe import describe, segment_text
from shoko.topology.lanes import Lane, zones_of
from shoko.topology.standing import Standing, standings
from shoko.topology.svg import Drawing, measure
from shoko.topology.words import Language, say, word

_HEAD = 27.0  # the title
_STRIP = 18.0  # the zones' names over their lanes
_FOLDED = 24.0


class Ladder:
    """All flows, those that every host needs in one line at the end; with a proof, how each of them stands."""

    def __init__(self, declaration: Declaration, language: Language, lanes: list[Lane], proof: Kept | None) -> None:
        self.declaration, self.language, self.lanes, self.proof = declaration, language, lanes, proof
        self.left, self.right = lanes[0].x, lanes[-1].x + lanes[-1].width
        self.standings: dict[str, Standing] = standings(declaration, proof) if proof is not None else {}
        flows = [flow for flow in declaration.flows.values() if not flow.platform]
        rows = [self._flow(flow) for flow in flows]
        self.rows = [Row(arrow, self.left + 4, self.right - 4) for arrow in [*rows, *self._strange()]]
        self.platform = [describe(declaration, flow, language) for flow in declaration.flows.values() if flow.platform]

    @property
    def height(self) -> float:
        """Units that the drawing takes."""
        return _HEAD + _STRIP + sum(row.height for row in self.rows) + 8 + (_FOLDED if self.platform else 0)

    def draw(self, drawing: Drawing, y: float) -> None:
        """Draw it with its upper edge at y."""
        title = word("permitted", self.language)
        drawing.open("g", role="group", aria_label=title)
        drawing.text(self.left, y + 15, title, 16.5, font_weight="700")
        self._legend(drawing, y + 15)
        below = y + _HEAD
        deep = _STRIP + sum(row.height for row in self.rows) + 6
        for lane in self.lanes:
            shade = color(self.declaration, lane.zone)
            drawing.rect(lane.x, below, lane.width, deep, rx=4, fill=tint(shade, 0.07))
            drawing.rect(lane.x, below, lane.width, _STRIP, rx=4, fill=shade)
            name = say(self.declaration.zones[lane.zone].title, self.language)
            drawing.text(
                lane.middle,
                below + 13,
                name,
                12,
                lane.width - 8,
                text_anchor="middle",
                fill="#ffffff",
                font_weight="700",
            )
        below += _STRIP + 3
        for row in self.rows:
            row.draw(drawing, below)
            below += row.height
        if self.platform:
            self._folded(drawing, below + 20)
        drawing.close("g")

    def _flow(self, flow: Flow) -> Arrow:
        text = describe(self.declaration, flow, self.language)
        standing = self.standings.get(flow.name)
        sources, destinations = zones_of(self.declaration, flow)
        details = [
            self._differing(flow) if standing == "differs" else "",
            f"{word('via', self.language)}: {text.via}" if text.via else "",
            f"{word('window', self.language)}: {text.window}" if text.window else "",
            text.why,
        ]
        return Arrow(
            label=str(text.number),
            sources=self._in(sources),
            destinations=self._in(destinations),
            start=text.source if sources & destinations else self._end(flow.source, text.source),
            end=text.destination if sources & destinations else self._end(flow.destination, text.destination),
            service=text.services,
            details="　".join(one for one in details if one),
            standing=standing,
        )

    def _differing(self, flow: Flow) -> str:
        """On which hosts a flow is not as declared."""
        differences = self.proof.differences if self.proof is not None else ()
        hosts = dict.fromkeys(host for one in differences if one.flow == flow.name for host in one.hosts)
        return f"{word('differs', self.language)}: {', '.join(hosts)}"

    def _in(self, zones: frozenset[str]) -> tuple[Lane, ...]:
        return tuple(lane for lane in self.lanes if lane.zone in zones)

    def _end(self, selector: Selector, text: str) -> str:
        """An end in words, without the zone that its lane names."""
        if selector.zone is None:
            return text
        segments = (self.declaration.segments[f"{selector.zone}.{key}"] for key in selector.segments)
        between = "・" if self.language == "ja" else ", "
        return between.join(segment_text(self.declaration, segment, self.language) for segment in segments)

    def _strange(self) -> list[Arrow]:
        """What passes on the running hosts though no flow permits it: an arrow for each pair of zones."""
        if self.proof is None or not self.proof.current:
            return []
        found: dict[tuple[str, str], list[Difference]] = {}
        for one in self.proof.differences:
            if one.flow is None and one.pair is not None:
                found.setdefault(one.pair, []).append(one)
        arrows = []
        for (source, destination), differences in found.items():
            sources, destinations = self._in(frozenset({source})), self._in(frozenset({destination}))
            if not sources or not destinations:
                continue
            services = ", ".join(dict.fromkeys(one.service for one in differences if one.service))
            hosts = ", ".join(dict.fromkeys(host for one in differences for host in one.hosts))
            details = f"{word('undeclared', self.language)}: {hosts}"
            arrows.append(Arrow("!", sources, destinations, "", "", services, details, "differs"))
        return arrows

    def _legend(self, drawing: Drawing, y: float) -> None:
        """From the right: what the arrows mean, and with a proof how they differ."""
        shown: tuple[Standing, ...] = ("proven", "differs", "unproved") if self.proof is not None else ()
        kinds: list[tuple[Standing | None, str]] = [(one, word(one, self.language)) for one in shown]
        if self.proof is None:
            kinds.append((None, word("legend_arrow", self.language)))
        x = self.right
        for standing, text in reversed(kinds):
            x -= measure(text, 11)
            drawing.text(x, y, text, 11, fill=GREY)
            x -= 52
            sample(drawing, x, y - 4, standing)
            x -= 14
        if self.proof is not None:
            text = proof_text(self.proof, self.language)
            wrong = self.proof.result != "proven" or not self.proof.current
            drawing.text(x, y, text, 12, text_anchor="end", font_weight="700", fill=RED if wrong else INK)

    def _folded(self, drawing: Drawing, y: float) -> None:
        """What every host needs, in one line."""
        texts = []
        for flow in self.platform:
            standing = self.standings.get(flow.name)
            mark = f" ({word(standing, self.language)})" if standing else ""
            texts.append(f"{flow.number} {flow.name} → {flow.destination} {flow.services}{mark}")
        between = "、" if self.language == "ja" else "; "
        text = f"{word('folded', self.language)}: {between.join(texts)}"
        drawing.text(self.left, y, text, 11, self.right - self.left, fill=GREY)


def proof_text(proof: Kept, language: Language) -> str:
    """The proof in a few words: of when, and how many hosts."""
    if not proof.current:
        return word("stale", language)
    of = word("proof" if proof.running else "proof_rendered", language)
    return f"{of} {proof.when:%Y-%m-%d %H:%M %Z}: {len(proof.proven)} / {len(proof.hosts)}"
