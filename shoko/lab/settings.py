"""Where a lab keeps its things, and what tells two labs on one machine apart."""

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shoko.lab.errors import LabError

CHECKOUT = Path(__file__).resolve().parents[2]
STATE_ROOT = Path("/var/lib/shoko-lab")
CACHE_ROOT = Path("/var/cache/shoko-lab")
DEFAULT_PORTS = (8443, 8444)
# Seconds that a run gives an emulated host for a log-in or a rise to root, and for the proof that a change of rules
# left it reachable.
EMULATED_TIMEOUT, EMULATED_BOUND = 300, 240
_ID = re.compile(r"^[a-z0-9]{1,8}$")  # becomes part of namespace and machine names


def lab_id(checkout: Path = CHECKOUT) -> str:
    """Return SHOKO_LAB_ID, or six hex digits that follow from the checkout's path."""
    given = os.environ.get("SHOKO_LAB_ID")
    if given is None:
        return hashlib.sha256(str(checkout).encode()).hexdigest()[:6]
    if not _ID.match(given):
        raise LabError(f"SHOKO_LAB_ID={given!r}: one to eight of a-z and 0-9 are allowed")
    return given


def state_root() -> Path:
    """Return the folder that holds one folder per lab (SHOKO_LAB_STATE overrides)."""
    return Path(os.environ.get("SHOKO_LAB_STATE", STATE_ROOT))


def cache_root() -> Path:
    """Return the folder of images and mirrors, shared by all labs (SHOKO_LAB_CACHE overrides)."""
    return Path(os.environ.get("SHOKO_LAB_CACHE", CACHE_ROOT))


@dataclass(frozen=True)
class LabSettings:
    """Identity and folders of one lab."""

    ident: str
    site: Path
    checkout: Path = CHECKOUT
    named: bool = False  # the id was given (SHOKO_LAB_ID): a second lab of this checkout

    @property
    def state(self) -> Path:
        """Everything that this lab keeps: hosts' disks, keys, generated files."""
        return state_root() / self.ident

    @property
    def hosts_dir(self) -> Path:
        """One folder per host: its disk (`upper`), its console."""
        return self.state / "hosts"

    @property
    def record(self) -> Path:
        """What other commands must know about this lab: checkout, site, ports."""
        return self.state / "lab.json"

    @property
    def ssh_config(self) -> Path:
        """The ssh_config that reaches every managed host through the control node's namespace."""
        return self.state / "ssh_config"

    @property
    def demo_secret(self) -> Path:
        """What `playbooks/demo.yml` made up as the password of the account `demo`."""
        return self.checkout / ".lab/secrets/demo"

    def machine(self, host: str) -> str:
        """Name of a host's network namespace and of its nspawn machine."""
        return f"sk{self.ident}-{host}"


def settings_for(site: Path) -> LabSettings:
    """Settings of this checkout's lab for a site directory."""
    if not site.is_dir():
        raise LabError(f"{site}: no such site directory (give one with -i, e.g. inventories/lab)")
    return LabSettings(ident=lab_id(), site=site.resolve(), named="SHOKO_LAB_ID" in os.environ)


@dataclass(frozen=True)
class LabRecord:
    """The part of a lab's identity that is kept on disk (`lab.json`)."""

    checkout: Path
    site: Path
    ports: tuple[int, int]
    virtual: tuple[str, ...] = ()  # hosts that are machines with a kernel of their own

    def write(self, path: Path) -> None:
        """Write by rename, so that a killed `up` leaves the old record or the new one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        body: dict[str, object] = {"checkout": str(self.checkout), "site": str(self.site), "ports": list(self.ports)}
        body["virtual"] = list(self.virtual)
        fresh.write_text(json.dumps(body, indent=1) + "\n")
        fresh.replace(path)


def read_record(path: Path) -> LabRecord | None:
    """Return what `lab.json` says, or None if this lab was never started."""
    try:
        body = json.loads(path.read_text())
        public, staff = body["ports"]
        virtual = tuple(str(name) for name in body.get("virtual", ()))
        return LabRecord(Path(body["checkout"]), Path(body["site"]), (int(public), int(staff)), virtual)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as damaged:
        raise LabError(f"{path}: damaged ({damaged}); remove it and run `shoko lab up`") from damaged


def lab_variables(state: Path) -> Callable[[str], dict[str, object]]:
    """Return what gives the variables of a host that a playbook's run needs for the lab whose folder `state` is.

    Where no lab is, there are none. An emulated host answers late, and so does a gateway's way to it.
    """
    record = read_record(state / "lab.json")
    if record is None:
        return lambda host: {}
    patience: dict[str, object] = {"firewall_bound": EMULATED_BOUND} if record.virtual else {}
    return lambda host: (
        patience
        | ({"ansible_ssh_timeout": EMULATED_TIMEOUT} if host in record.virtual else {"hardening_kernel": "shared"})
    )
