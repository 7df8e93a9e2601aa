"""A ruleset as the kernel holds it: loaded into a network namespace of its own, and listed from there."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from shoko.proof.errors import ProofError

# The namespace is anonymous: it is gone with the shell, whatever happens to this process.
_LOAD_AND_LIST = "nft -f - && nft -j list ruleset"


def loaded(text: str, what: str) -> dict[str, Any]:
    """Return `nft -j list ruleset` after loading a ruleset into an empty private namespace.

    `what` names the ruleset in ProofError, which is raised where namespaces are forbidden or nft refuses the text.
    """
    command = ["unshare", "--net", "sh", "-c", _LOAD_AND_LIST]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = " | ".join(line.strip() for line in done.stderr.splitlines()[:3])
        raise ProofError(f"{what}: cannot be loaded into a private namespace (run as root, with nft installed): {said}")
    return listing(done.stdout, what)


def listing(text: str, what: str) -> dict[str, Any]:
    """Return a printed listing as JSON; ProofError if it is none."""
    try:
        document = json.loads(text)
    except ValueError as problem:
        raise ProofError(f"{what}: nft printed no JSON ({problem})") from problem
    if not isinstance(document, dict) or not isinstance(document.get("nftables"), list):
        raise ProofError(f"{what}: nft printed JSON of an unknown shape")
    return document
