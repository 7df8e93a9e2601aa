"""A ruleset as the kernel holds it: loaded into a network namespace of its own, and listed from there."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from typing import Any

from shoko.proof.errors import ProofError

LARGEST = 32 << 20  # bytes of a listing; 10,000 rules take 6 MB
# The namespace is anonymous: it is gone with the shell, whatever happens to this process.
_LOAD_AND_LIST = "nft -f - && nft -j list ruleset"


def loaded(text: str, what: str) -> dict[str, Any]:
    """Return `nft -j list ruleset` after loading a ruleset into an empty private namespace, and `kernel`, its release.

    `what` names the ruleset in ProofError, which is raised where namespaces are forbidden or nft refuses the text.
    """
    # Whoever is not root is root in a user namespace of his own, where the system permits that.
    own = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ["unshare", *own, "--net", "sh", "-c", _LOAD_AND_LIST]
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, encoding="utf-8", errors="replace", check=False
        )  # fmt: skip
    except OSError as problem:
        raise ProofError(f"{what}: unshare cannot be run ({problem.strerror}): install util-linux") from problem
    if done.returncode != 0:
        said = " | ".join(line.strip() for line in done.stderr.splitlines()[:3])
        raise ProofError(f"{what}: cannot be loaded into a private namespace (run as root, with nft installed): {said}")
    return {**listing(done.stdout, what), "kernel": platform.release()}


def listing(text: str, what: str) -> dict[str, Any]:
    """Return a printed listing as JSON; ProofError if it is none, or so large that something is wrong."""
    if len(text) > LARGEST:
        raise ProofError(
            f"{what}: the listing has {len(text) >> 20} MB, and at most {LARGEST >> 20} are read: "
            "see with `nft list ruleset` what fills it"
        )
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ProofError(f"{what}: nft printed no whole JSON ({problem})") from problem
    if not isinstance(document, dict) or not isinstance(document.get("nftables"), list):
        raise ProofError(f"{what}: nft printed JSON of an unknown shape")
    return document
