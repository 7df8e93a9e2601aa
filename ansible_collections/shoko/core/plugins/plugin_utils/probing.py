"""New connections from the controller: never the multiplexed one that Ansible keeps open."""

from __future__ import annotations

import shlex
import socket
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible.errors import AnsibleActionFail

# First on the command line: ssh takes the first value it sees of an option (ssh_config(5)).
_NEW = ("-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR")


@dataclass(frozen=True)
class Answer:
    """What came of one new connection."""

    ok: bool
    text: str


@dataclass(frozen=True)
class Target:
    """Somebody to open a new connection to; ``ssh`` is empty for a plain TCP connection or the controller itself."""

    name: str
    ssh: tuple[str, ...] = ()
    tcp: tuple[str, int] | None = None

    def ask(self, command: list[str], timeout: float) -> Answer:
        """Open a new connection and run ``command`` over it; ``timeout`` in seconds for all of it."""
        if timeout <= 0:
            return Answer(False, "no time left")
        if self.tcp:
            try:
                socket.create_connection(self.tcp, timeout=timeout).close()
            except OSError as error:
                return Answer(False, str(error))
            return Answer(True, "")
        argv = [*self.ssh, shlex.join(command)] if self.ssh else command
        try:
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            return Answer(False, f"no answer within {timeout:.0f} s")
        except OSError as error:
            return Answer(False, str(error))
        said = " | ".join(line.strip() for line in (done.stdout if done.returncode == 0 else done.stderr).splitlines())
        return Answer(done.returncode == 0, said or f"exit code {done.returncode}")


def of_connection(name: str, connection: object) -> Target:
    """Return the task's own host as its ssh connection plugin is set up; a local connection has no network."""
    if getattr(connection, "transport", "") == "local":
        return Target(name)
    if getattr(connection, "transport", "") != "ssh":
        raise AnsibleActionFail("firewall: needs the ssh connection, because only it can be opened anew and tested")
    option = connection.get_option
    return Target(name, _ssh(
        option("host") or name, option("ssh_executable") or "ssh", port=option("port"), user=option("remote_user"),
        key=option("private_key_file"),
        arguments=[option("ssh_args"), option("ssh_common_args"), option("ssh_extra_args")],
        strict=bool(option("host_key_checking")),
    ))  # fmt: skip


def of_inventory(name: str, hostvars: dict, connection: object) -> Target:
    """Return an inventory host by its connection variables, or ``host:port`` as a TCP target.

    What its variables do not say is as for ``connection``, the task's own.
    """
    if name in hostvars:
        values = hostvars[name]
        if values.get("ansible_connection", "ssh") not in ("ssh", "smart"):
            raise AnsibleActionFail(f"firewall: through: {name} is not reached by ssh")
        own = connection.get_option if getattr(connection, "transport", "") == "ssh" else lambda _: None

        def value(option: str, *variables: str) -> object:
            return next((values[one] for one in variables if values.get(one)), None) or own(option)

        return Target(name, _ssh(
            str(values.get("ansible_host") or values.get("ansible_ssh_host") or name),
            str(value("ssh_executable", "ansible_ssh_executable") or "ssh"),
            port=values.get("ansible_port") or values.get("ansible_ssh_port"),
            user=value("remote_user", "ansible_user", "ansible_ssh_user"),
            key=value("private_key_file", "ansible_private_key_file", "ansible_ssh_private_key_file"),
            arguments=[
                value("ssh_args", "ansible_ssh_args"), value("ssh_common_args", "ansible_ssh_common_args"),
                value("ssh_extra_args", "ansible_ssh_extra_args"),
            ],
            strict=own("host_key_checking") is not False,
        ))  # fmt: skip
    host, _, port = name.rpartition(":")
    if not host or not port.isdigit():
        raise AnsibleActionFail(f"firewall: through: {name} is neither an inventory host nor host:port")
    return Target(name, tcp=(host.strip("[]"), int(port)))


def _ssh(
    host: str, program: str, *, port: object, user: object, key: object, arguments: Iterable[object], strict: bool
) -> tuple[str, ...]:
    argv = [program, *_NEW]
    for text in arguments:
        argv += shlex.split(str(text)) if text else []
    argv += ["-o", f"Port={port}"] if port else []
    argv += ["-o", f"User={user}"] if user else []
    argv += ["-o", f"IdentityFile={key}"] if key else []
    argv += [] if strict else ["-o", "StrictHostKeyChecking=no"]
    return (*argv, str(host))


def ask_all(targets: list[Target], command: list[str], timeout: float) -> dict[str, Answer]:
    """Open new connections to all targets at once; return the answers by name."""
    if not targets:
        return {}
    with ThreadPoolExecutor(max_workers=min(8, len(targets))) as pool:
        answers = pool.map(lambda target: target.ask(command, timeout), targets)
        return dict(zip([target.name for target in targets], answers, strict=True))
