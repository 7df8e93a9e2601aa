"""Asks a host for the fingerprint of its files, as the principal `observe`: it takes root there, and no more than this.

Reading every file's content takes root. The host's one command for those who look does it (role `observation`), so that
the control node's watch needs no key that could change anything.
"""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

SECONDS = 600  # that a host may take to read its files: seconds as a rule, minutes with a slow disk


@dataclass(frozen=True)
class Answered:
    """A host's fingerprint as AIDE prints it, or in `error` one line why there is none."""

    text: str = ""
    error: str = ""


def ask_files(command: Sequence[str], seconds: float = SECONDS) -> Answered:
    """Return what the other side of a connection (`by_ssh`) tells of its files.

    The request carries a word that nobody could know before, and only an answer with the same word is one: what a host
    answered at another time is refused.
    """
    nonce = secrets.token_hex(16)
    try:
        done = subprocess.run(
            command, input=f"files {nonce}\n", capture_output=True, encoding="utf-8", errors="replace", check=False,
            timeout=seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Answered(error=f"no answer within {seconds:g} s")
    except OSError as problem:
        return Answered(error=f"{command[0]} cannot be run here: {problem.strerror}")
    if not done.stdout.endswith("\n"):
        return Answered(error=(done.stderr.strip().splitlines() or ["the connection ended"])[-1])
    return _understood(done.stdout, nonce)


def _understood(line: str, nonce: str) -> Answered:
    try:
        page = json.loads(line)
        if "nonce" not in page:
            return Answered(error="its observer is of another version: run role `observation` there")
        if page["nonce"] != nonce:
            return Answered(error="repeats what it told at another time: somebody stands between, or answers for it")
        if "error" in page:
            return Answered(error=f"{page['error']}; has role `integrity` run there?")
        return Answered(str(page["files"]))
    except (ValueError, KeyError, TypeError) as problem:
        return Answered(error=f"answers something else than asked ({problem!r})")
