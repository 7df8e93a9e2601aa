"""Rulesets as hosts enforce them just now, read over the connections that Ansible uses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shoko.declaration.model import Declaration
from shoko.proof.errors import ProofError
from shoko.proof.load import listing
from shoko.proof.owners import READ
from shoko.window.remote import Answer, ask

# nft prints the whole listing on one line; the lines after it say whether the host forwards, and its kernel.
_READ = "nft -j list ruleset && cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding && uname -r"


def listings(
    declaration: Declaration, config: Path | None, hosts: list[str], tell: Callable[[str], None] = lambda host: None
) -> dict[str, dict[str, Any] | str]:
    """Return what every host holds, by host; a text is the reason why nothing could be read.

    A listing has keys that nft does not give it: `forwarding`, the list of families (4, 6) that the host forwards, and
    `kernel`, its release. `tell` is called with the name of each host that has been asked.
    """
    answers = ask(declaration, config, ["sh", "-c", _READ], dict.fromkeys(hosts, ""), tell)
    return {answer.host: _understood(answer) for answer in answers}


def _understood(answer: Answer) -> dict[str, Any] | str:
    if answer.error is not None:
        return f"cannot be read: {answer.error}; see that `ssh` reaches the host and that nft is installed there"
    try:
        *printed, ipv4, ipv6, kernel = answer.output.strip().splitlines()
        document = listing("\n".join(printed), answer.host)
        on = [family for family, said in ((4, ipv4), (6, ipv6)) if json.loads(said) != 0]
    except (ProofError, ValueError) as problem:
        return f"answers something else than asked ({problem}); {READ}"
    return {**document, "forwarding": on, "kernel": kernel}
