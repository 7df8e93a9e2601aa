"""Which kind of machine a lab host is."""

from shoko.lab.errors import LabError
from shoko.lab.machine import Machine
from shoko.lab.plan import LabHost
from shoko.lab.settings import LabSettings, read_record
from shoko.lab.virtual import VirtualMachine


def machine_of(settings: LabSettings, host: LabHost) -> Machine:
    """Return a planned host's machine."""
    return VirtualMachine(settings, host) if host.virtual else Machine(settings, host)


def machine(settings: LabSettings, name: str) -> Machine:
    """Return a host's machine without reading the declaration (for exec and shell)."""
    record = read_record(settings.record)
    virtual = record is not None and name in record.virtual
    found = machine_of(settings, LabHost(name=name, layer="", zone="", legs=(), managed=False, virtual=virtual))
    if not found.folder.is_dir():
        known = sorted(path.name for path in settings.hosts_dir.glob("*")) or ["none, run `shoko lab up`"]
        raise LabError(f"{name}: no such lab host (there are: {' '.join(known)})")
    return found
