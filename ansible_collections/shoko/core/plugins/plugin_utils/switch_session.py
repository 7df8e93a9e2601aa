"""A netmiko session to a device, opened by the same ssh_config(5) that Ansible and people use."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
from netmiko import BaseConnection, ConnectHandler
from netmiko.exceptions import NetmikoBaseException

from ansible_collections.shoko.core.plugins.plugin_utils.switch_errors import SwitchError, SwitchUnreachable

CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Way:
    """How to reach a device. `config` is an ssh_config file, None for the user's own."""

    name: str
    address: str
    user: str | None
    config: Path | None


class NeverAsk(paramiko.MissingHostKeyPolicy):
    """A device whose key is not known is refused, and the message names the file where it would have to stand."""

    def __init__(self, known_hosts: Path) -> None:
        self._known_hosts = known_hosts

    def missing_host_key(self, client: object, hostname: str, key: object) -> None:
        """Refuse (paramiko calls this for an unknown key)."""
        raise SwitchError(f"{hostname}: its SSH host key is not in {self._known_hosts}")


@contextlib.contextmanager
def session(way: Way, device_type: str) -> Iterator[BaseConnection]:
    """Open a session and close it at the end. Raises SwitchUnreachable; a wrong or unknown host key is SwitchError."""
    settings = _settings(way)
    known_hosts = Path(str(settings.get("userknownhostsfile", "~/.ssh/known_hosts")).split()[0]).expanduser()
    host, port = str(settings.get("hostname", way.address)), int(settings.get("port", 22))
    keys = settings.get("identityfile") or [None]
    try:
        connection = ConnectHandler(
            device_type=device_type,
            # With a socket given, paramiko uses the name only to look up the host key: here the alias counts.
            host=str(settings.get("hostkeyalias", host)),
            sock=_socket(settings, host, port),
            username=way.user or str(settings.get("user", "root")),
            use_keys=keys[0] is not None,
            key_file=keys[0],
            ssh_strict=True,
            alt_host_keys=True,
            alt_key_file=str(known_hosts),
            conn_timeout=CONNECT_SECONDS,
            auth_timeout=CONNECT_SECONDS,
            banner_timeout=CONNECT_SECONDS,
        )
    except paramiko.BadHostKeyException as error:
        raise SwitchError(f"{way.name}: its SSH host key is not the one in {known_hosts}: {error}") from error
    except (NetmikoBaseException, paramiko.SSHException, OSError, EOFError) as error:
        first = str(error).strip().splitlines() or [type(error).__name__]
        raise SwitchUnreachable(f"{way.name}: no SSH session to {host} port {port} ({first[0]})") from error
    try:
        yield connection
    except (NetmikoBaseException, paramiko.SSHException, OSError, EOFError) as error:
        raise SwitchUnreachable(f"{way.name}: the SSH session broke off ({type(error).__name__})") from error
    finally:
        with contextlib.suppress(Exception):
            connection.disconnect()


def _settings(way: Way) -> paramiko.SSHConfigDict:
    config = paramiko.SSHConfig()
    file = way.config or Path("~/.ssh/config").expanduser()
    if file.exists():
        config = paramiko.SSHConfig.from_path(str(file))
    elif way.config is not None:
        raise SwitchError(f"{way.config}: no such ssh_config file")
    return config.lookup(way.name)


def _socket(settings: paramiko.SSHConfigDict, host: str, port: int) -> paramiko.ProxyCommand | socket.socket:
    if "proxycommand" in settings:
        return paramiko.ProxyCommand(str(settings["proxycommand"]).replace("%h", host).replace("%p", str(port)))
    return socket.create_connection((host, port), timeout=CONNECT_SECONDS)
