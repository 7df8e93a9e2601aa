"""Visits hosts: hands each the observer over SSH and takes back what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from shoko.declaration.model import Declaration
from shoko.observe.observer import FORMAT, PARTS
from shoko.window.remote import Answer, ask

LARGEST = 32 << 20  # bytes of an answer; a ruleset of 10,000 rules takes 6 MB
LARGEST = 48 << 20  # characters; a ruleset of 10,000 rules has 6 million
_COMMAND = ("python3", "-I", "-")


@dataclass(frozen=True)
class Listener:
    """A socket that waits for others. `address` is "*", "0.0.0.0" or "::" where it takes every one of the host's."""

    protocol: str  # tcp or udp
    address: str
    port: int
    interface: str  # "" unless it is bound to one
    processes: tuple[str, ...]


@dataclass(frozen=True)
class Observation:
    """What one host said. Parts are as the host's own tools print them (`nft -j`, `ip -j`, `ovs-vsctl --format=json`).

    A part that could not be read is in `errors` by its name, with the reason, and its field holds nothing: nobody may
    conclude anything from it. `switch` and `proxy` are None where the host has no such service.
    """

    kernel: str
    ruleset: dict[str, Any]
    addresses: list[dict[str, Any]]
    routing: dict[str, dict[str, list[dict[str, Any]]]]  # by family, "4" or "6": routes and rules
    listeners: tuple[Listener, ...]
    sysctls: dict[str, int | None]
    modules: tuple[str, ...]
    legacy: tuple[str, ...]
    classifiers: tuple[str, ...]
    proxying: tuple[str, ...]
    switch: dict[str, Any] | None
    proxy: str | None
    errors: dict[str, str]

    @property
    def nft(self) -> str | None:
        """Version of nft that printed the ruleset."""
        about: dict[str, Any] = next(
            (item["metainfo"] for item in self.ruleset.get("nftables", []) if "metainfo" in item), {}
        )
        version = about.get("version")
        return None if version is None else str(version)

    @property
    def forwarding(self) -> list[int]:
        """Address families (4, 6) that the host forwards."""
        return [family for family in (4, 6) if self.sysctls.get(f"forwarding{family}")]


def visit(
    declaration: Declaration, config: Path | None, hosts: list[str], tell: Callable[[str], None] = lambda host: None
) -> dict[str, Observation | str]:
    """Return what every host holds and runs, by host; a text is the reason why nothing is known of it.

    `tell` is called with the name of each host that has been asked, by several threads.
    """
    script = files("shoko.observe").joinpath("observer.py").read_text(encoding="utf-8")
    answers = ask(declaration, config, _COMMAND, dict.fromkeys(hosts, script), tell)
    return {answer.host: _understood(answer) for answer in answers}


def _understood(answer: Answer) -> Observation | str:
    if answer.error is not None:
        return f"cannot be read: {answer.error}; see that `ssh` reaches the host and python3 is installed"
    return understood(answer.output)


def understood(text: str) -> Observation | str:
    """Return what the observer printed; a text says why it is not understood."""
    if len(text) > LARGEST:
        return (
            f"answers with {len(text) >> 20} MB, and at most {LARGEST >> 20} are read: "
            "see with `nft list ruleset` what fills it"
        )
    try:
        return observation(json.loads(text))
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        return (
            f"answers something else than asked ({problem!r}); "
            "see that a login there prints nothing of its own, and try again"
        )


def observation(page: dict[str, Any]) -> Observation:
    """Return what the observer printed, typed; ValueError, KeyError or TypeError where it is of an unknown shape."""
    if page["format"] != FORMAT:
        raise ValueError(f"format {page['format']}, and this version reads {FORMAT}")
    errors = dict(page["errors"])
    missing = [name for name in PARTS if name not in page and name not in errors]
    if missing:
        raise KeyError(missing[0])
    return Observation(
        kernel=str(page["kernel"]),
        ruleset=page.get("ruleset", {}),
        addresses=page.get("addresses", []),
        routing=page.get("routing", {}),
        listeners=tuple(
            Listener(str(a), str(b), int(c), str(d), tuple(e)) for a, b, c, d, e in page.get("listeners", [])
        ),
        sysctls=page.get("sysctls", {}),
        modules=tuple(page.get("modules", [])),
        legacy=tuple(page.get("legacy", [])),
        classifiers=tuple(page.get("classifiers", [])),
        proxying=tuple(page.get("proxying", [])),
        switch=page.get("switch"),
        proxy=page.get("proxy"),
        errors=errors,
    )
