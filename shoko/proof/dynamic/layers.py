"""The layers between two segments, shown by taking one away at a time: the others still hold.

For one attempt a cell that nothing permits, the analysis of what runs says which layers deny it, each by itself: no
route at the sender (or in the internet), the sender's own rules, the gateway, the receiver's own rules. Then, on the
running lab, with what became of the attempt read as in the host suite:

* nothing taken away: the first of these layers ends it;
* one taken away, each in turn: the next one ends it;
* all but one, each in turn: that one alone ends it;
* all: it arrives, which shows that taking away works and that the attempt is one;
* the VLAN taken away, the sender's port put into the receiver's: as with nothing taken away;
* the sender's packets sent straight to the receiver's hardware address, past its routes and its own rules: the switch
  keeps them back as long as the VLANs stand, and once the port is in the receiver's VLAN the receiver's rules do;
* requests by the forward proxies: with every layer of packets taken away, and with the allowlist taken away.

Every layer is taken away everywhere at once,
because only sender, receiver and gateways are on the way of an attempt, and all cells are tried together.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from shoko.lab.progress import say
from shoko.proof.dynamic.hosts_attempts import Attempt
from shoko.proof.dynamic.hosts_scene import Scene, scene
from shoko.proof.dynamic.hosts_send import chunks
from shoko.proof.dynamic.hosts_trial import Trial
from shoko.proof.dynamic.layers_cells import Cell, cells
from shoko.proof.dynamic.layers_guard import guarded
from shoko.proof.dynamic.layers_plan import Plan
from shoko.proof.dynamic.layers_proxy import PROXIES, Request, refused, requests, wait_until
from shoko.proof.dynamic.layers_removal import change, put_back, without_allowlist
from shoko.proof.dynamic.layers_result import WAY, End, Layer, LayerSuite, Row, judge
from shoko.proof.dynamic.place import Place
from shoko.proof.errors import ProofError

_SECONDS = 0.5  # for an attempt to arrive
_TRIES = 3


def layer_suite(place: Place, listings: Mapping[str, dict[str, Any] | str], only: Collection[str] = ()) -> LayerSuite:
    """Show the layers of every cell; `listings` are the running rulesets, `only` the hosts that act (empty: all)."""
    begun = time.monotonic()
    here = scene(place, listings)
    chosen = cells(here, only)
    hosts = list(place.running)
    with guarded(place.settings, hosts):
        before, problems = put_back(place.settings, hosts)
        if problems:
            raise ProofError(f"cannot be read: {'; '.join(problems)}")
        demonstration = _Demonstration(here, chosen, before)
        rows = demonstration.shown()
        asked = demonstration.asked(requests(here, chosen))
        after, _ = put_back(place.settings, hosts)
    changed = [host for host in hosts if before[host] != after.get(host)]
    if changed:
        raise ProofError(f"{', '.join(changed)}: not as before the demonstration (digest); run `site.yml` for them")
    here.check_at_rest()
    result = judge(chosen, rows, asked, here.unproved)
    result.seconds = time.monotonic() - begun
    return result


class _Demonstration:
    """Takes away, tries, puts back."""

    def __init__(self, here: Scene, chosen: Sequence[Cell], before: Mapping[str, str]) -> None:
        self._here = here
        self._before = before
        self._every = [one for cell in chosen for one in cell.attempts]
        routes = here.routes(self._every)
        self._ways = {one: routes.get((one.host, one.source, one.destination)) for one in self._every}
        self._plan = Plan(here, self._ways)

    def shown(self) -> list[Row]:
        """Return a row for every attempt."""
        back = self._here.routes_back(self._every)
        rows = {one: self._row(one, back[one]) for one in self._every}
        ends = {end for one in rows for end in (one.host, self._here.roles.holding[one.destination])}
        gates = set(self._here.roles.gateways) - self._here.absent
        with Trial(self._here.place, self._here.roles, sorted(ends | gates)) as trial:
            for one, fate in self._round(trial, "nothing", ()).items():
                rows[one].intact = fate
            for layer in WAY:
                for one, fate in self._round(trial, layer, (layer,)).items():
                    rows[one].without[layer] = fate
                rest = [other for other in WAY if other != layer]
                for one, fate in self._round(trial, f"everything but {layer}", rest).items():
                    rows[one].alone[layer] = fate
            for one, fate in self._round(trial, "everything", WAY).items():
                rows[one].open = fate
            self._vlans(trial, rows)
        return list(rows.values())

    def asked(self, asking: list[Request]) -> list[Request]:
        """Return the requests by the proxies, with whether they were refused."""
        if not asking:
            return asking
        here = self._here
        say("layers: requests by the proxies, with everything else taken away, and with their allowlists taken away")
        for one in asking:
            one.refused = refused(here, one)
        with self._away(self._plan.scripts(WAY)):
            for one in asking:
                one.refused_alone = refused(here, one)
        proxies = [host.name for host in here.place.declaration.group(PROXIES) if host.name not in here.absent]
        with self._away(dict.fromkeys(proxies, without_allowlist())):
            wait_until(lambda: not refused(here, asking[0]), "the proxies let everything through for a moment")
            for one in asking:
                one.refused_without = refused(here, one)
        wait_until(lambda: refused(here, asking[0]), "the proxies have their allowlists again")
        return asking

    def _row(self, one: Attempt, way_back: bool) -> Row:
        """An attempt with the layers that deny it, each by itself, by the analysis of what runs, in order."""
        said = set(self._here.model.layers(one, self._ways[one]))
        no_way = bool(said & {"route", "outside"})
        checked = (
            one.family == 4
            and not way_back
            and self._here.roles.holding[one.destination] not in self._here.roles.outside
        )
        if no_way or checked:
            said.add("route")
        return Row(one, tuple(layer for layer in WAY if layer in said), back_alone=checked and not no_way)

    def _round(self, trial: Trial, what: str, layers: Sequence[Layer]) -> dict[Attempt, End]:
        say(f"layers: {what} taken away")
        with self._away(self._plan.scripts(layers)):
            roles = self._here.roles
            trial.roles = replace(roles, unrouted=frozenset()) if "route" in layers else roles
            return self._try(trial, self._every)

    def _vlans(self, trial: Trial, rows: Mapping[Attempt, Row]) -> None:
        """The VLANs: with everything else as it is, and with nothing in the way of frames sent straight there."""
        trial.roles = self._here.roles
        by_vlan: dict[int, list[Attempt]] = {}
        for one in self._every:
            vlans = self._plan.vlans(one)
            if vlans is not None:
                by_vlan.setdefault(vlans[1], []).append(one)
        for vlan, there in by_vlan.items():
            say(f"layers: VLAN taken away: the senders' ports put into VLAN {vlan}")
            with self._away(self._plan.retagging(there)):
                for one, fate in self._try(trial, there).items():
                    rows[one].without["vlan"] = fate
        apart = [one for there in by_vlan.values() for one in there]
        say("layers: frames sent straight into the receivers' segments, past routes and the senders' rules")
        with self._away(self._plan.straight(apart)):
            for one, fate in self._try(trial, apart).items():
                # What left its sender and was seen nowhere on the link was kept back by the switch.
                rows[one].alone["vlan"] = "vlan" if fate == "lost" else fate
            for there in by_vlan.values():
                with self._away(self._plan.retagging(there)):
                    for one, fate in self._try(trial, there).items():
                        rows[one].straight = fate

    def _try(self, trial: Trial, attempts: Sequence[Attempt]) -> dict[Attempt, End]:
        left = list(attempts)
        for _ in range(_TRIES):
            for chunk in chunks(left):
                trial.attempt(chunk, _SECONDS)
            left = [one for one in left if trial.observed[one].fate == "lost"]
        fates = {one: trial.observed[one].fate for one in attempts}
        return {one: "route" if fate == "outside" else fate for one, fate in fates.items()}

    @contextmanager
    def _away(self, scripts: Mapping[str, str]) -> Iterator[None]:
        """Run scripts in hosts; afterwards put back, and see by the digests that everything is as before."""
        settings, hosts = self._here.place.settings, list(scripts)
        try:
            change(settings, scripts)
            yield
        finally:
            now, problems = put_back(settings, hosts)
            problems += [
                f"{host}: not as before (digest)" for host, digest in now.items() if digest != self._before[host]
            ]
            if problems:
                raise ProofError(f"what was taken away is not back: {'; '.join(problems)}")
