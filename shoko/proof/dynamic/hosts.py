"""The host suite: ordinary sockets from every host to every other one, and what became of each.

Every attempt that the declaration permits has to reach the sockets of its receiver (and, with TCP, an answer has to
come back); no other may. What becomes of an attempt is read where it counts, see hosts_fates. It is held against the
proof's own expansion of the flows, and against the static model of what sender, gateway and receiver hold just now:
where model and kernel differ, one of the two proofs is worth nothing, and that is a finding.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from shoko.lab.progress import say
from shoko.proof.dynamic.hosts_attempts import Attempt, attempts
from shoko.proof.dynamic.hosts_fates import Fate, Roles
from shoko.proof.dynamic.hosts_result import ENDS, HostSuite
from shoko.proof.dynamic.hosts_scene import Scene, scene
from shoko.proof.dynamic.hosts_send import chunks
from shoko.proof.dynamic.hosts_trial import Trial
from shoko.proof.dynamic.place import Place
from shoko.proof.dynamic.result import Counts, Finding, Kind
from shoko.proof.expected.permissions import Permission

TRIES = 3  # what the switch lost is sent again; what is lost every time is unproved
ANSWER_SECONDS = 3.5  # a first packet that is lost on a busy machine is sent again after one second, and after three
DENIED_SECONDS = 0.3


def host_suite(
    place: Place, listings: Mapping[str, dict[str, Any] | str], sample: int, only: Collection[str] = ()
) -> HostSuite:
    """Try everything and compare; `listings` are the running rulesets (running.listings).

    `sample` chooses the ports beside those of services, `only` the hosts at either end (empty: all).
    """
    begun = time.monotonic()
    here = scene(place, listings)
    expected: dict[Attempt, Permission | None] = {}
    for one in attempts(place.declaration, here.everybody, sample):
        if here.takes_part(one) and (not only or {one.host, here.roles.holding[one.destination]} & set(only)):
            permission = here.permitted(one)
            if permission is None or not permission.windowed:  # while a window is open it is neither
                expected[one] = permission
    routes = here.routes(expected)
    ends = {end for one in expected for end in (one.host, here.roles.holding[one.destination])}
    with Trial(place, here.roles, sorted(ends | set(here.roles.gateways) - here.absent)) as trial:
        resent = _rounds(trial, expected)
    here.check_at_rest()
    result = HostSuite("hosts", "every host", unproved=list(here.unproved), sample=sample)
    result.unproved += _blind(trial, here.roles, expected)
    for one, permission in expected.items():
        modelled = here.model.fate(one, routes.get((one.host, one.source, one.destination)))
        result.unproved += _lost(one, trial)
        result.findings += _differences(one, permission, trial, modelled, here)
    result.fates = Counter((trial.observed[one].fate, expected[one] is not None) for one in expected)
    result.counts = _counts(result.fates, resent)
    result.seconds = time.monotonic() - begun
    return result


def _rounds(trial: Trial, expected: Mapping[Attempt, Permission | None]) -> int:
    """Try everything, and once more what was lost or should have worked; return how many were tried again."""
    resent = 0
    for number in range(TRIES):
        left = [one for one in expected if _open_question(one, trial, expected[one])]
        if not left:
            break
        good, bad = [one for one in left if expected[one]], [one for one in left if not expected[one]]
        what = "once more" if number else "trying"
        say(f"hosts: {what}: {len(good)} permitted and {len(bad)} denied sessions")
        resent += len(left) if number else 0
        done = 0
        for part, seconds in ((good, ANSWER_SECONDS), (bad, DENIED_SECONDS)):
            for chunk in chunks(part):
                trial.attempt(chunk, seconds)
                done += len(chunk)
                say(f"hosts: {what}: {done} of {len(left)}")
    return resent


def _counts(fates: Mapping[tuple[Fate, bool], int], resent: int) -> Counts:
    total: Counter[Fate] = Counter()
    for (fate, _permitted), number in fates.items():
        total[fate] += number
    seen = total.total() - total["lost"]
    return Counts(total.total(), seen, total["reached"], seen - total["reached"], resent)


def _open_question(one: Attempt, trial: Trial, permission: Permission | None) -> bool:
    known = trial.observed.get(one)
    if known is None or known.fate == "lost":
        return True
    return permission is not None and (known.fate != "reached" or _unanswered(one, trial))


def _unanswered(one: Attempt, trial: Trial) -> bool:
    return one.protocol == "tcp" and trial.said[one] != "answered"


def _blind(trial: Trial, roles: Roles, expected: Mapping[Attempt, Permission | None]) -> Iterator[str]:
    """Hosts of which connection tracking shows nothing, although permitted sessions were tried there."""
    asked = {
        host
        for one, permission in expected.items()
        if permission
        for host in (one.host, roles.holding[one.destination])
    }
    for host in sorted(asked - roles.outside - trial.showing):
        yield f"{host}: no permitted session shows in its connection tracking, so that nothing is shown about others"


def _lost(one: Attempt, trial: Trial) -> Iterator[str]:
    if trial.observed[one].fate == "lost":
        yield f"{one}: left its sender and was seen nowhere, {TRIES} times"
    elif trial.observed[one].untracked:
        yield f"{one}: is answered, and the receiver's connection tracking does not know of it"


def _differences(
    one: Attempt, permission: Permission | None, trial: Trial, modelled: Fate, here: Scene
) -> Iterator[Finding]:
    holding = here.roles.holding
    known = trial.observed[one]
    if known.fate == "lost":
        return
    kinds: list[Kind] = []
    if permission is None:
        kinds += ["passes"] if known.fate == "reached" else []
    elif known.fate != "reached":
        kinds.append("blocked")
    elif _unanswered(one, trial):
        kinds.append("unanswered")
    elif known.mark is not None and known.mark not in here.permitted.marks(one):
        kinds.append("mark")
    if known.fate not in ("outside", modelled):
        kinds.append("model")
    where = {
        "gateway": "the gateways",
        "reached": holding[one.destination],
        "receiver": holding[one.destination],
    }
    for kind in kinds:
        detail = f"observed: {ENDS[known.fate]}; analysis of the running rulesets: {ENDS[modelled]}"
        yield Finding(
            kind, where.get(known.fate, one.host), str(one), flow=permission.flow if permission else "", detail=detail
        )
