"""Open vSwitch as an access switch (ovs-vsctl(8), ovs-vswitchd.conf.db(5)).

The canonical text has one line for the bridge and one per port, ports sorted by name:

    bridge br0
    port app1.business access 40
    port mgmt internal 80
"""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.shoko.core.plugins.plugin_utils.switch_errors import SwitchError

if TYPE_CHECKING:
    from netmiko import BaseConnection

UNDO = "shoko-switch-undo"
UNDO_FILE = "/run/shoko-switch-undo"
APPLY_FILE = "/run/shoko-switch-apply"
_CHUNK = 300
LAST_VLAN = 4094  # IEEE 802.1Q; 4095 is reserved
_PORT = re.compile(r"port (?P<name>[A-Za-z0-9._-]{1,15}) (?P<kind>access|internal) (?P<vlan>\d{1,4})")
_STATUS = "shoko-status:"
_VSCTL = ("sudo", "ovs-vsctl", "--timeout=10")


class OpenVswitch:
    """Driver for a Debian host that runs Open vSwitch; commands are parts of one ovs-vsctl transaction."""

    device_type = "linux"
    undoes_itself = True

    def canonical(self, text: str) -> str:
        """Sort the ports of a rendered configuration; refuse one that says more or less than ports and VLANs."""
        bridge, ports = _parse(text)
        _refuse_unsound(ports)
        return _text(bridge, ports)

    def read(self, session: BaseConnection) -> str:
        """Return bridge and ports as they run."""
        bridges = _table(session, "Bridge", "name,ports")
        ports = _table(session, "Port", "_uuid,name,tag,vlan_mode,trunks")
        kinds = {row["name"]: row["type"] for row in _table(session, "Interface", "name,type")}
        if len(bridges) != 1:
            names = ", ".join(str(row["name"]) for row in bridges) or "none"
            raise SwitchError(f"the switch has not one bridge but: {names}; day 0 makes exactly one")
        bridge = str(bridges[0]["name"])
        found = {
            str(row["name"]): _describe(row, kinds.get(row["name"], ""))
            for row in ports
            if row["name"] != bridge and row["_uuid"] in _set(bridges[0]["ports"])
        }
        return _text(bridge, found)

    def commands(self, current: str, wanted: str) -> list[str]:
        """Return ovs-vsctl commands from one configuration to the other, removals first."""
        bridge, have = _parse(current)
        name, want = _parse(wanted)
        if bridge != name:
            raise SwitchError(f"the declared bridge is {name}, the switch has {bridge}; a bridge is not renamed in use")
        commands = [f"--if-exists del-port {bridge} {port}" for port in sorted(have.keys() - want.keys())]
        for port in sorted(want):
            if have.get(port) == want[port]:
                continue
            if port not in have:
                commands.append(f"--may-exist add-port {bridge} {port}")
            commands += _settings(port, want[port])
        return commands

    def arm(self, session: BaseConnection, commands: Sequence[str], seconds: int) -> None:
        """Arm a transient timer of systemd that runs the undo in one transaction."""
        self.disarm(session)
        _upload(session, UNDO_FILE, _transaction(commands))
        _run(session, ["sudo", "systemd-run", "--quiet", f"--unit={UNDO}", f"--on-active={seconds}",
                       "--timer-property=AccuracySec=100ms", "sh", UNDO_FILE])  # fmt: skip

    def disarm(self, session: BaseConnection) -> None:
        """Stop the timer; none is fine."""
        _run(session, ["sudo", "sh", "-c", f"systemctl stop {UNDO}.timer 2>/dev/null; "
                       f"systemctl reset-failed {UNDO}.service 2>/dev/null; true"])  # fmt: skip

    def apply(self, session: BaseConnection, commands: Sequence[str]) -> None:
        """Run all commands as one transaction: all of them take effect or none."""
        _upload(session, APPLY_FILE, _transaction(commands))
        _run(session, ["sudo", "sh", APPLY_FILE])

    def save(self, session: BaseConnection) -> None:
        """Nothing to do: Open vSwitch keeps its configuration in its own database."""


def _settings(port: str, description: str) -> list[str]:
    """Return the commands that set everything that could let a frame out of its VLAN."""
    kind, vlan, *more = description.split()
    extra = dict(word.split("=") for word in more)
    mode = extra.get("mode", "access" if kind == "access" else "none")
    commands = [f"set Interface {port} type=internal"] if kind == "internal" else []
    tag = "[]" if vlan == "0" else vlan
    mode = "[]" if mode == "none" else mode
    return [*commands, f"set Port {port} tag={tag} vlan_mode={mode} trunks=[{extra.get('trunks', '')}]"]


def _transaction(commands: Sequence[str]) -> str:
    """Return a shell script that runs all commands as one transaction."""
    parts = [f"-- {shlex.join(command.split())}" for command in commands]
    return " \\\n  ".join(["exec ovs-vsctl --timeout=10", *parts]) + "\n"


def _upload(session: BaseConnection, path: str, text: str) -> None:
    """Write a file for root on the switch; in short lines, because a terminal limits and wraps long ones."""
    encoded = base64.b64encode(text.encode()).decode()
    _run(session, ["sudo", "sh", "-c", f"umask 077; : >{path}.b64"])
    for start in range(0, len(encoded), _CHUNK):
        _run(session, ["sudo", "sh", "-c", f"echo {encoded[start : start + _CHUNK]} >>{path}.b64"])
    _run(session, ["sudo", "sh", "-c", f"umask 077; base64 -d {path}.b64 >{path}; rm {path}.b64"])


def _run(session: BaseConnection, command: Sequence[str]) -> str:
    """Run a command on the switch; raise SwitchError with its words if it fails."""
    line = f"{shlex.join(command)} 2>&1; echo {_STATUS}$?"
    answer = str(session.send_command(line, expect_string=rf"{_STATUS}\d+", read_timeout=20, strip_prompt=False))
    text, found, status = answer.rpartition(_STATUS)
    if not found:
        raise SwitchError(f"no answer to: {shlex.join(command)}")
    if status.split()[0] != "0":
        raise SwitchError(f"{shlex.join(command)}: {text.strip()}")
    return text


def _table(session: BaseConnection, name: str, columns: str) -> list[dict[str, Any]]:
    return _rows(_run(session, [*_VSCTL, "--format=json", f"--columns={columns}", "list", name]))


def _rows(text: str) -> list[dict[str, Any]]:
    """Read ovs-vsctl's JSON table (RFC 7047 section 5.1 values)."""
    start = text.find("{")
    try:
        table = json.loads(text[start:].strip())
        return [dict(zip(table["headings"], row, strict=True)) for row in table["data"]]
    except (ValueError, KeyError) as error:
        raise SwitchError(f"the switch answered something that is no table: {text.strip()[:200]}") from error


def _set(value: Any) -> list[Any]:
    """Return the members of an OVSDB set; a set of one is sent as its member."""
    if isinstance(value, list) and value and value[0] == "set":
        return list(value[1])
    return [value]


def _describe(row: dict[str, Any], kind: str) -> str:
    """Say what a port is. What our canonical form has no word for is spelled out, so that it counts as different."""
    vlan, mode, trunks = _set(row["tag"]), _set(row["vlan_mode"]), _set(row["trunks"])
    word = "internal" if kind == "internal" else "access"
    words = [word, str(vlan[0]) if vlan else "0"]
    if mode != (["access"] if word == "access" else []):
        words.append(f"mode={mode[0] if mode else 'none'}")
    if trunks:
        words.append("trunks=" + ",".join(str(number) for number in sorted(trunks)))
    return " ".join(words)


def _text(bridge: str, ports: dict[str, str]) -> str:
    return "".join([f"bridge {bridge}\n", *(f"port {name} {ports[name]}\n" for name in sorted(ports))])


def _parse(text: str) -> tuple[str, dict[str, str]]:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines or not re.fullmatch(r"bridge [A-Za-z0-9._-]{1,15}", lines[0]):
        raise SwitchError("the configuration does not begin with a bridge")
    ports: dict[str, str] = {}
    for line in lines[1:]:
        word, name, kind = [*line.split(maxsplit=2), "", ""][:3]
        if word != "port" or not kind or name in ports:
            raise SwitchError(f"not a port, or a port twice: {line}")
        ports[name] = kind
    return lines[0].split()[1], ports


def _refuse_unsound(ports: dict[str, str]) -> None:
    for name, kind in ports.items():
        match = _PORT.fullmatch(f"port {name} {kind}")
        if match is None or not 1 <= int(match["vlan"]) <= LAST_VLAN:
            raise SwitchError(f"port {name} {kind}: not `access VLAN` or `internal VLAN`, VLAN from 1 to {LAST_VLAN}")
    if not ports:
        raise SwitchError("the configuration has no ports: it would cut everybody off")
