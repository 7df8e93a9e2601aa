"""What hosts enforce and run just now, read in one visit over the connections that Ansible uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from shoko.declaration.model import Declaration
from shoko.observe.visit import Observation, visit
from shoko.proof.owners import READ


def observations(
    declaration: Declaration, config: Path | None, hosts: list[str], tell: Callable[[str], None] = lambda host: None
) -> dict[str, Observation | str]:
    """Return what every host holds and runs, by host; a text is the reason why nothing could be read.

    `tell` is called with the name of each host that has been asked.
    """
    return visit(declaration, config, hosts, tell)


def listings(seen: Mapping[str, Observation | str]) -> dict[str, dict[str, Any] | str]:
    """Return `nft -j list ruleset` of every host, or in its place why there is none.

    A listing has keys that nft does not give it: `forwarding`, the list of families (4, 6) that the host forwards, and
    `kernel`, its release.
    """
    return {host: one if isinstance(one, str) else _listing(one) for host, one in seen.items()}


def _listing(seen: Observation) -> dict[str, Any] | str:
    if "ruleset" in seen.errors:
        return f"its ruleset cannot be read: {seen.errors['ruleset']}; see that nft is installed there"
    if not isinstance(seen.ruleset, dict) or not isinstance(seen.ruleset.get("nftables"), list):
        return f"nft printed JSON of an unknown shape; {READ}"
    return {**seen.ruleset, "forwarding": seen.forwarding, "kernel": seen.kernel}
