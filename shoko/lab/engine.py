"""Brings a planned lab up and keeps it: images, wires, hosts, relay. Every step may be repeated."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shoko.lab.cgroups import HostGroup
from shoko.lab.errors import LabError
from shoko.lab.image import ensure_images, lower_folders
from shoko.lab.machine import Machine
from shoko.lab.machines import machine as kept_machine
from shoko.lab.machines import machine_of
from shoko.lab.plan import LabHost, LabPlan
from shoko.lab.preflight import listener
from shoko.lab.progress import say, step
from shoko.lab.recipes import Recipes
from shoko.lab.relay import Route
from shoko.lab.settings import CHECKOUT, LabSettings
from shoko.lab.wires import NETNS, Wiring, remove_namespace

_RELAY_SECONDS = 20.0
RELAY_GROUP = "relay"  # cannot clash: the engine refuses a host of that name
# systemd-nspawn(1): /proc/sys/net writable, and a cgroup2 view although the machine may be hybrid.
NSPAWN_ENVIRONMENT = {
    "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
}


@dataclass(frozen=True)
class HostState:
    """One line of `shoko lab status`."""

    name: str
    zone: str
    addresses: tuple[str, ...]
    managed: bool
    state: str  # off, or what systemctl is-system-running says
    failed: tuple[str, ...]


class Lab:
    """A lab on this machine, as planned."""

    def __init__(self, settings: LabSettings, plan: LabPlan, recipes: Recipes, cache: Path) -> None:
        self.settings = settings
        self.plan = plan
        self._recipes = recipes
        self._cache = cache
        self._wiring = Wiring(settings, plan)
        if RELAY_GROUP in plan.names():
            raise LabError(f"a host cannot be named {RELAY_GROUP}: the lab uses that name")

    def machine(self, name: str) -> Machine:
        """Return a host's machine by name."""
        return machine_of(self.settings, self.plan.host(name))

    def build_images(self, mirror: Path) -> None:
        """Make the images that hosts without a disk will start from, unless the cache holds them."""
        layers = {host.layer for host in self.plan.hosts if not machine_of(self.settings, host).installed()}
        if not layers:
            return
        log = self.settings.state / "build.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        ensure_images(self._cache, self._recipes, mirror, layers, log)

    def up(self, names: Sequence[str]) -> None:
        """Wire all hosts and start those of `names` that do not run; wait until they are up."""
        for name in names:
            self.plan.host(name)
        self._remove_undeclared()
        for host in self.plan.hosts:
            if machine_of(self.settings, host).stale():
                self.stop(host.name)
        off = [name for name in names if self.machine(name).leader() is None]
        for name in names:
            if self.machine(name).group.frozen():
                say(f"host {name} is frozen and stays so: `shoko lab restart {name}` ends that")
        if not off:
            say(f"{len(names)} hosts are up")
            return
        with step(f"starting {len(off)} of {len(names)} hosts"):
            for name in off:
                self._renew_if_used(name)
            for host in self.plan.hosts:
                self._wiring.plug(host)
            for name in off:
                self._start(name)
            self._wait(off)

    def _remove_undeclared(self) -> None:
        """Stop hosts of this lab that the declaration no longer has, and remove their disks."""
        planned = set(self.plan.names())
        kept = {path.name for path in self.settings.hosts_dir.glob("*")}
        for name in sorted(kept - planned):
            say(f"host {name} is no longer declared: removing it")
            undeclared = kept_machine(self.settings, name)
            undeclared.ask_to_stop()
            undeclared.finish()
            remove_namespace(undeclared.name)
            shutil.rmtree(undeclared.folder)

    def _renew_if_used(self, name: str) -> None:
        """A namespace in which the host already ran holds its old addresses and rules: a boot clears them."""
        machine = self.machine(name)
        mark = machine.folder / "netns"
        if mark.exists() and mark.read_text() == self._netns_inode(machine):
            self._wiring.renew(machine.host)

    def _netns_inode(self, machine: Machine) -> str:
        path = NETNS / machine.name
        return str(path.stat().st_ino) if path.exists() else ""

    def _start(self, name: str) -> None:
        machine = self.machine(name)
        machine.install(lower_folders(self._cache, self._recipes, machine.host.layer))
        (machine.folder / "netns").write_text(self._netns_inode(machine))
        machine.start({**os.environ, **NSPAWN_ENVIRONMENT})

    def _wait(self, names: Sequence[str]) -> None:
        """Wait until every host says how it is; report those that are not simply `running`."""
        give_up = time.monotonic() + max((self.machine(name).boot_seconds for name in names), default=0)
        waiting = {}
        for name in names:
            machine = self.machine(name)
            while machine.leader() is None:
                if time.monotonic() > give_up:
                    raise LabError(f"host {name} does not start: see {machine.console}")
                time.sleep(0.02)
            waiting[name] = subprocess.Popen(
                machine.until_up(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        for name, process in waiting.items():
            try:
                said, _ = process.communicate(timeout=max(0.1, give_up - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                said = self.machine(name).state()
            if said.strip() != "running":
                failed = " ".join(self.machine(name).failed_units()) or "no failed unit"
                say(f"host {name} is {said.strip() or 'not answering'}: {failed}")

    def stop(self, name: str) -> None:
        """Shut a host down; its disk stays."""
        machine = self.machine(name)
        machine.ask_to_stop()
        machine.finish()

    def restart(self, name: str) -> None:
        """Power a host off and on: what only its memory and its kernel knew is gone."""
        with step(f"restarting {name}"):
            self.stop(name)
            self.up([name])

    def status(self) -> list[HostState]:
        """Return the state of every planned host, in plan order."""
        return [self._state(host) for host in self.plan.hosts]

    def _state(self, host: LabHost) -> HostState:
        machine = machine_of(self.settings, host)
        state = machine.state()
        failed = tuple(machine.failed_units()) if state == "degraded" else ()
        addresses = tuple(str(address) for leg in host.legs for address in leg.addresses)
        if not addresses and host.address is not None:
            addresses = (str(host.address),)
        return HostState(host.name, host.zone, addresses, host.managed, state, failed)

    @staticmethod
    def relay_runs(settings: LabSettings) -> bool:
        """Tell whether the lab's browser relay is up."""
        return HostGroup(settings.ident, RELAY_GROUP).populated()

    def start_relay(self, routes: Sequence[Route]) -> None:
        """Start the browser relay in a group of its own unless it runs with these routes."""
        group = HostGroup(self.settings.ident, RELAY_GROUP)
        mark = self.settings.state / "relay"
        wanted = " ".join(str(route) for route in routes)
        if group.populated() and mark.exists() and mark.read_text() == wanted:
            return
        group.kill()
        joins = " ".join(str(path) for path in group.entry_files()[:1])
        script = f'echo $$ >{joins}; shift; while :; do "$@"; sleep 1; done'  # a relay that died comes back
        log = (self.settings.state / "relay.log").open("w")
        command = [sys.executable, "-m", "shoko.lab.relay", *(str(route) for route in routes)]
        subprocess.Popen(
            ["sh", "-c", script, "sh", "-", *command],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=CHECKOUT, start_new_session=True,
        )  # fmt: skip
        give_up = time.monotonic() + _RELAY_SECONDS
        while not all(listener(route.port) for route in routes):
            if time.monotonic() > give_up:
                raise LabError(f"the browser relay does not listen: see {self.settings.state / 'relay.log'}")
            time.sleep(0.1)
        mark.write_text(wanted)
