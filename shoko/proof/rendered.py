"""Rulesets as the roles are about to write them, as the kernel holds them once loaded.

This is the one file here that asks `shoko.policy`: it brings what is to be judged, and takes no part in judging.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from shoko.declaration.model import Declaration
from shoko.policy import slices
from shoko.policy.nft import ruleset
from shoko.proof.load import loaded


def listings(declaration: Declaration, hosts: list[str] | None = None) -> dict[str, dict[str, Any] | str]:
    """Return `nft -j list ruleset` of every host's rendered ruleset, by host; all hosts unless some are named.

    Raises ProofError where nft refuses one, PolicyError where one cannot be rendered.
    """
    contents = slices(declaration)
    wanted = [name for name in declaration.hosts if hosts is None or name in hosts]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return dict(zip(wanted, pool.map(lambda name: loaded(ruleset(contents[name]), name), wanted), strict=True))
