"""Allied Telesis AlliedWare Plus as an access switch.

Written from the manufacturer's command syntax and tested as text; it has not been run against a device.
The canonical text is the part of `show running-config` that the declaration speaks of. A port that is shut down is not
in it, and an undeclared port is shut down:

    vlan 40 business.servers
    port port1.0.1 access 40 app1.business
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ansible_collections.shoko.core.plugins.plugin_utils.switch_errors import SwitchError

if TYPE_CHECKING:
    from netmiko import BaseConnection

_LINE = re.compile(r"vlan \d{1,4} \S+|port port\d+\.\d+\.\d+ access \d{1,4} \S+")
_DEFAULT_VLAN = "1"
_REFUSALS = ("% Invalid", "% Incomplete", "% Ambiguous", "% Unrecognized", "% Error", "% Failed")


class AwPlus:
    """Driver; commands are lines of configuration mode."""

    device_type = "allied_telesis_awplus"
    undoes_itself = False  # no timed reload of an unsaved configuration that we could vouch for

    def canonical(self, text: str) -> str:
        """Order a rendered configuration; refuse a line that is neither VLAN nor port."""
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        for line in lines:
            if _LINE.fullmatch(line) is None:
                raise SwitchError(f"neither `vlan NUMBER NAME` nor `port NAME access NUMBER TEXT`: {line}")
        if not any(line.startswith("port ") for line in lines):
            raise SwitchError("the configuration has no ports: it would cut everybody off")
        return _text(lines)

    def read(self, session: BaseConnection) -> str:
        """Return VLANs and ports as they run."""
        return self.parse(str(session.send_command("show running-config", read_timeout=60)))

    @staticmethod
    def parse(running: str) -> str:
        """Read the blocks of a running configuration."""
        lines: list[str] = []
        for block in re.split(r"^!\s*$", running, flags=re.MULTILINE):
            rows = [row.strip() for row in block.strip().splitlines()]
            if rows[:1] == ["vlan database"]:
                lines += [f"vlan {found[1]} {found[2]}" for row in rows[1:]
                          if (found := re.fullmatch(r"vlan (\d+) name (\S+)(?: state enable)?", row))
                          and found[1] != _DEFAULT_VLAN]  # fmt: skip
            elif rows and (port := re.fullmatch(r"interface (port\d+\.\d+\.\d+)", rows[0])):
                lines += _port(port[1], rows[1:])
        return _text(lines)

    def commands(self, current: str, wanted: str) -> list[str]:
        """Return configuration lines: new VLANs, then ports, then VLANs that go; an undeclared port is shut down."""
        have, want = _parse(current), _parse(wanted)
        commands = ["vlan database"]
        commands += [
            f"vlan {key[1]} name {want[key]}" for key in want if key[0] == "vlan" and have.get(key) != want[key]
        ]
        for key in [*want, *(key for key in have if key not in want)]:
            if key[0] != "port" or have.get(key) == want.get(key):
                continue
            commands.append(f"interface {key[1]}")
            if key not in want:
                commands.append("shutdown")
                continue
            vlan, text = want[key].removeprefix("access ").split()
            commands += [f"description {text}", "switchport", "switchport mode access",
                         f"switchport access vlan {vlan}", "no shutdown"]  # fmt: skip
        gone = [key[1] for key in have if key[0] == "vlan" and key not in want]
        if gone:
            commands += ["vlan database", *(f"no vlan {number}" for number in gone)]
        return [] if commands == ["vlan database"] else commands

    def arm(self, session: BaseConnection, commands: Sequence[str], seconds: int) -> None:
        """Never called: `undoes_itself` is false."""
        raise SwitchError("this make cannot arm an undo")

    def disarm(self, session: BaseConnection) -> None:
        """Never called: `undoes_itself` is false."""
        raise SwitchError("this make cannot arm an undo")

    def apply(self, session: BaseConnection, commands: Sequence[str]) -> None:
        """Enter the lines one after the other; stop at the first that the switch refuses."""
        session.enable()
        answer = str(session.send_config_set(list(commands), read_timeout=60))
        refused = next((line for line in answer.splitlines() if line.strip().startswith(_REFUSALS)), None)
        if refused is not None:
            raise SwitchError(refused.strip())

    def save(self, session: BaseConnection) -> None:
        """Make it the configuration of the next start."""
        session.save_config()


def _port(name: str, rows: Sequence[str]) -> list[str]:
    if "shutdown" in rows:
        return []
    text = next((row.removeprefix("description ") for row in rows if row.startswith("description ")), "-")
    vlan = next((row.rsplit(" ", 1)[1] for row in rows if row.startswith("switchport access vlan ")), _DEFAULT_VLAN)
    mode = "trunk" if "switchport mode trunk" in rows else "access"
    return [f"port {name} {mode} {vlan} {text.replace(' ', '_')}"]


def _order(line: str) -> tuple[str, list[int]]:
    words = line.split()
    return words[0], [int(part) for part in re.findall(r"\d+", words[1])]


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in sorted(lines, key=_order))


def _parse(text: str) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for line in text.splitlines():
        kind, name, rest = line.split(maxsplit=2)
        found[kind, name] = rest
    return found
