"""A host loses its power while a citizen searches and a librarian lends: service resumes by itself, nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from converged import Converged
from power import make_holder, power_off, power_on, runs, wait
from segments.site import Site

LAB = Path(__file__).parent
PEOPLE = LAB / "going_on" / "people.py"
WORD = "走れメロス"
ITEMS = 6
BEFORE, AFTER = 6.0, 12.0  # seconds of ordinary work before the fault, and after the service is back
PATRONICTL = ["patronictl", "-c", "/etc/patroni/config.yml"]


@dataclass(frozen=True)
class Fault:
    """Who loses power, how it gets its part again, and how long each person may wait at most (seconds)."""

    name: str
    find: Callable[[Converged, Site], str]
    whole_again: Callable[[Converged, Site], bool]
    longest: float


def shared(site: Site, vip: str) -> str:
    """A shared address that is declared."""
    return str(site.declaration.vips[vip].ipv4)


def active_proxy(converged: Converged, site: Site) -> str:
    """rp1, holding the public address."""
    make_holder(site, "rp1", ("rp1", "rp2"), shared(site, "opac"))
    return "rp1"


def proxies_whole(converged: Converged, site: Site) -> bool:
    """Both listen on the public address, whoever holds it."""
    return all(":443" in converged.inside(host, "ss", "-Hltn", "sport = :443").stdout for host in ("rp1", "rp2"))


def active_server(converged: Converged, site: Site) -> str:
    """app1, holding the staff address."""
    make_holder(site, "app1", ("app1", "app2"), shared(site, "ils-staff"))
    return "app1"


def servers_whole(converged: Converged, site: Site) -> bool:
    """Everything of both runs."""
    units = ["ils-public", "ils-staff", "ils-web"]
    return all(converged.inside(host, "systemctl", "is-active", *units).returncode == 0 for host in ("app1", "app2"))


def active_gateway(converged: Converged, site: Site) -> str:
    """fw1, holding the shared addresses."""
    gateways = site.declaration.gateways
    make_holder(site, "fw1", gateways.hosts, str(site.declaration.gateway_vip(gateways.manage, "ipv4")))
    return "fw1"


def gateways_whole(converged: Converged, site: Site) -> bool:
    """Both know the sessions of the other: each has those of the librarian."""
    counts = [converged.inside(host, "conntrack", "-C").stdout.strip() for host in site.declaration.gateways.hosts]
    return all(count.isdigit() and int(count) > 0 for count in counts)


def members(converged: Converged) -> list[dict[str, Any]]:
    """The database's members as any one of them that answers says."""
    for host in ("db1", "db2", "db3"):
        done = converged.inside(host, "timeout", "8", *PATRONICTL, "list", "-f", "json")
        if done.returncode == 0:
            return list(json.loads(done.stdout))
    return []


def primary(converged: Converged, site: Site) -> str:
    """Whoever leads the database."""
    wait(
        lambda: databases_whole(converged, site),
        90,
        f"the database is not whole before the fault: {members(converged)}",
    )
    return next(row["Member"] for row in members(converged) if row["Role"] == "Leader")


def databases_whole(converged: Converged, site: Site) -> bool:
    """One leads, one confirms, one follows, both by streaming."""
    rows = members(converged)
    states = sorted((row["Role"], row["State"]) for row in rows)
    return states == [("Leader", "running"), ("Replica", "streaming"), ("Sync Standby", "streaming")]


FAULTS = [
    Fault("reverse proxy", active_proxy, proxies_whole, 10),
    Fault("gateway", active_gateway, gateways_whole, 10),
    Fault("library server", active_server, servers_whole, 20),
    Fault("database primary", primary, databases_whole, 60),
]


def asked(converged: Converged, program: str) -> str:
    """The last line that a program in the library system's own shell prints."""
    return converged.said("app1", "/usr/local/sbin/ils-manage", "shell", "-v", "0", "-c", program).splitlines()[-1]


@pytest.fixture
def counter(converged: Converged) -> dict[str, Any]:
    """A card that may borrow and items that are in and may be lent."""
    program = (
        "import json\n"
        "from django.utils import timezone\n"
        "from shoko_ils.circulation.models import Loan\n"
        "from shoko_ils.holdings.models import Item\n"
        "from shoko_ils.patrons.models import Card\n"
        "out = Loan.objects.filter(returned_on=None)\n"
        "cards = Card.objects.filter(ended_on=None, patron__expires_on__gt=timezone.localdate())\n"
        "card = cards.exclude(patron__in=out.values('patron')).order_by('-number').first()\n"
        "items = Item.objects.filter(condition='normal', library_use_only=False).exclude(pk__in=out.values('item'))\n"
        f"barcodes = list(items.order_by('-barcode').values_list('barcode', flat=True)[:{ITEMS}])\n"
        "print(json.dumps({'card': card.number, 'barcodes': barcodes}))\n"
    )
    return dict(json.loads(asked(converged, program)))


def loans(converged: Converged, barcodes: list[str]) -> dict[str, tuple[int, bool]]:
    """For each item how many loans it has ever had, and whether it is out."""
    program = (
        "import json\n"
        "from shoko_ils.circulation.models import Loan\n"
        f"of = {{one: Loan.objects.filter(item__barcode=one) for one in {barcodes!r}}}\n"
        "print(json.dumps({one: [found.count(), found.filter(returned_on=None).exists()]"
        " for one, found in of.items()}))\n"
    )
    return {barcode: (count, out) for barcode, (count, out) in json.loads(asked(converged, program)).items()}


class Person:
    """Somebody at work in a host of the lab; what came of each attempt lies in a file."""

    def __init__(self, site: Site, host: str, who: str, order: dict[str, Any], file: Path) -> None:
        self.who = who
        self._command = [*site.network(host), sys.executable, str(PEOPLE), who]
        self.order, self._file = order, file
        self._process: subprocess.Popen[str] | None = None

    def begin(self) -> None:
        """The day begins."""
        with self._file.open("w") as out:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=out, text=True, env={**os.environ, "PYTHONPATH": str(LAB)}
            )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(self.order) + "\n")
        self._process.stdin.flush()

    def attempts(self) -> list[dict[str, Any]]:
        """Everything so far."""
        return [json.loads(line) for line in self._file.read_text().splitlines()]

    def well_since(self, moment: float) -> bool:
        """True if something has succeeded after a moment."""
        return any(one["ok"] and one["at"] > moment for one in self.attempts())

    def gap(self) -> float:
        """Seconds of the longest time without a success."""
        times = [one["at"] for one in self.attempts() if one["ok"]]
        return max(later - earlier for earlier, later in pairwise(times))

    def end(self) -> None:
        """The day is over: what was begun is finished."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(90) == 0, f"{self.who} did not come to the end of the day"

    def gone(self) -> None:
        """Nobody works on after a test, however it ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def people(converged: Converged, site: Site, counter: dict[str, Any], tmp_path: Path) -> Iterator[list[Person]]:
    """A citizen at home and a librarian at a counter of the southern library."""
    root = str(converged.root_certificate)
    names = {key: known.names[0] for key, known in site.declaration.names.items()}
    searching = {"name": names["opac"], "address": shared(site, "opac"), "root": root, "word": WORD, "pause": 0.3}
    lending = {"name": names["staff"], "address": shared(site, "ils-staff"), "root": root, "pause": 0.5,
               "user": "demo", "password": converged.demo_password, **counter}  # fmt: skip
    found = [
        Person(site, "home", "citizen", searching, tmp_path / "citizen"),
        Person(site, "tb-south", "librarian", lending, tmp_path / "librarian"),
    ]
    yield found
    for person in found:
        person.gone()


@pytest.fixture
def powered(converged: Converged, site: Site) -> Iterator[None]:
    """Everybody has power again after the test."""
    yield
    off = [host for host in ("rp1", "fw1", "app1", "db1", "db2", "db3") if not runs(site, host)]
    if off:
        power_on(site, *off)


@pytest.mark.usefixtures("powered")
@pytest.mark.parametrize("fault", FAULTS, ids=[one.name.replace(" ", "-") for one in FAULTS])
def test_service_resumes_by_itself_and_no_confirmed_loan_is_lost_or_made_twice(
    converged: Converged, site: Site, fault: Fault, people: list[Person], record_property: Callable[[str, object], None]
) -> None:
    barcodes = people[1].order["barcodes"]
    host = fault.find(converged, site)
    had = loans(converged, barcodes)
    for person in people:
        person.begin()
    start = time.time()
    wait(lambda: all(person.well_since(start) for person in people), 60, "nobody works before the fault")
    time.sleep(BEFORE)
    dead = time.time()
    power_off(site, host)
    wait(
        lambda: all(person.well_since(dead + 2) for person in people), fault.longest + 30, f"no service without {host}"
    )
    time.sleep(AFTER)
    power_on(site, host)
    wait(lambda: fault.whole_again(converged, site), 180, f"{host} does not take part again")
    time.sleep(BEFORE)
    for person in people:
        person.end()
        gap = person.gap()
        record_property(f"{person.who}_gap_seconds", round(gap, 2))
        print(f"{fault.name} ({host}): {person.who}: longest gap {gap:.2f} s in {len(person.attempts())} attempts")
    lost_or_doubled = [one for person in people for one in person.attempts() if one.get("fatal")]
    assert not lost_or_doubled, lost_or_doubled
    assert all(person.gap() <= fault.longest for person in people)
    confirmed = Counter(one["barcode"] for one in people[1].attempts() if one["ok"] and one["act"] == "lend")
    assert confirmed.total() > len(barcodes)
    has = loans(converged, barcodes)
    assert {barcode: has[barcode][0] - had[barcode][0] for barcode in had} == dict(confirmed)
    assert not any(out for _, out in has.values()), "the librarian has taken everything back"
