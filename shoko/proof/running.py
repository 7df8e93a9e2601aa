"""Rulesets as hosts enforce them just now, read over the connections that Ansible uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shoko.declaration.model import Declaration
from shoko.proof.errors import ProofError
from shoko.proof.load import listing
from shoko.window.remote import Answer, ask

# nft prints the whole listing on one line; the two lines after it say whether the host forwards.
_READ = "nft -j list ruleset && cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding"


def listings(declaration: Declaration, config: Path | None, hosts: list[str]) -> dict[str, dict[str, Any] | str]:
    """Return what every host holds, by host; a text is the reason why nothing could be read.

    A listing has one key more than nft gives it: `forwarding`, the list of families (4, 6) that the host forwards.
    """
    answers = ask(declaration, config, ["sh", "-c", _READ], dict.fromkeys(hosts, ""))
    return {answer.host: _understood(answer) for answer in answers}


def _understood(answer: Answer) -> dict[str, Any] | str:
    if answer.error is not None:
        return f"cannot be read: {answer.error}; see that `ssh` reaches the host and that nft is installed there"
    *printed, ipv4, ipv6 = answer.output.strip().splitlines() or ["", "", ""]
    try:
        document = listing("\n".join(printed), answer.host)
        on = [family for family, said in ((4, ipv4), (6, ipv6)) if json.loads(said) != 0]
    except (ProofError, ValueError) as problem:
        return f"answers something else than asked ({problem})"
    return {**document, "forwarding": on}
