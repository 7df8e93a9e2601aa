"""A command on several hosts at once, over the ssh_config that Ansible uses too."""

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from shoko.declaration.model import Declaration

SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """What a host said: its output, or in `error` one line why there is none."""

    host: str
    output: str
    error: str | None


def ssh_config(site: Path) -> Path | None:
    """Return the ssh_config of a site: the environment's, the lab's, or None for the user's own."""
    given = os.environ.get("SHOKO_SSH_CONFIG")
    if given:
        return Path(given)
    ident = os.environ.get("SHOKO_LAB_ID")
    config = site.resolve().parent.parent / ".lab" / (f"ssh_config-{ident}" if ident else "ssh_config")
    return config if site.resolve().name == "lab" and config.exists() else None


def ask(
    declaration: Declaration,
    config: Path | None,
    command: Sequence[str],
    stdin: Mapping[str, str],
    tell: Callable[[str], None] = lambda host: None,
    *,
    seconds: float = SECONDS,
) -> list[Answer]:
    """Run a command as root on every host of `stdin`, each with its own standard input; hosts keep their order.

    `tell` is called with the name of each host that has answered or will not, by several threads.
    """

    def one(host: str) -> Answer:
        leg = declaration.hosts[host].manage_leg
        # A site without a configuration of its own is reached by the declared address.
        target = ["-F", str(config), host] if config else ["-l", "shoko", str(leg.ipv4 or leg.ipv6)]
        line = ["ssh", "-o", "BatchMode=yes", *target, shlex.join(["sudo", "-n", *command])]
        try:
            done = subprocess.run(
                line, input=stdin[host], capture_output=True, encoding="utf-8", errors="replace", check=False,
                timeout=seconds,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Answer(host, "", f"no answer within {seconds:g} s")
        except OSError as problem:
            return Answer(host, "", f"{line[0]} cannot be run here: {problem.strerror}")
        finally:
            tell(host)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            return Answer(host, done.stdout, said[-1])
        return Answer(host, done.stdout, None)

    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(one, stdin))
