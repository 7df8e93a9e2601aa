"""A netmiko session to a device, opened by the same ssh_config(5) that Ansible and people use."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
from netmiko import BaseConnection, ConnectHandler
from netmiko.exceptions import NetmikoBaseException

from ansible_collections.shoko.core.plugins.plugin_utils.switch_errors import SwitchError, SwitchUnreachable

CONNECT_SECONDS = 10
PATIENCE = 20.0  # seconds for a switch that has just started, or whose ports have just changed, to let us in


@dataclass(frozen=True)
class Way:
    """How to reach a device. `config` is an ssh_config file, None for the user's own."""

    name: str
    address: str
    user: str | None
    config: Path | None


@contextlib.contextmanager
def session(way: Way, device_type: str) -> Iterator[BaseConnection]:
    """Open a session and close it at the end. Raises SwitchUnreachable; a wrong or unknown host key is SwitchError."""
    connection = _open_patiently(way, device_type)
    try:
        yield connection
    except (NetmikoBaseException, paramiko.SSHException, OSError, EOFError) as error:
        raise SwitchUnreachable(f"{way.name}: the SSH session broke off ({type(error).__name__})") from error
    finally:
        with contextlib.suppress(Exception):
            connection.disconnect()


def _open_patiently(way: Way, device_type: str) -> BaseConnection:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return _open(way, device_type)
        except SwitchUnreachable:
            if time.monotonic() >= deadline:
                raise
            time.sleep(1)


def _open(way: Way, device_type: str) -> BaseConnection:
    settings = _settings(way)
    known_hosts = Path(str(settings.get("userknownhostsfile", "~/.ssh/known_hosts")).split()[0]).expanduser()
    host, port = str(settings.get("hostname", way.address)), int(settings.get("port", 22))
    keys = settings.get("identityfile") or [None]
    try:
        return ConnectHandler(
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
        if "not found in known_hosts" in str(error):
            raise SwitchError(f"{way.name}: its SSH host key is not in {known_hosts}") from error
        said = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise SwitchUnreachable(f"{way.name}: no SSH session to {host} port {port} ({said[-1].strip()})") from error


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
