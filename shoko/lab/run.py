"""Run programs and turn their failure into one clear line."""

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from shoko.lab.errors import LabError

ERROR_TAIL = 3  # last lines of standard error shown to the person


def run(
    command: Sequence[str | Path],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> str:
    """Return the command's standard output; raise LabError with the end of its complaint.

    With `log`, both outputs go to the end of that file instead and the error names it.
    """
    words = [str(word) for word in command]
    try:
        if log is not None:
            with log.open("a") as sink:
                done = subprocess.run(words, input=stdin, env=env, stdout=sink, stderr=sink, text=True, check=False)
        else:
            done = subprocess.run(words, input=stdin, env=env, capture_output=True, text=True, check=False)
    except FileNotFoundError as missing:
        raise LabError(f"{words[0]}: no such program on this machine") from missing
    if done.returncode == 0:
        return done.stdout or ""
    if log is not None:
        tail = f"see {log}: " + " | ".join(log.read_text(errors="replace").splitlines()[-ERROR_TAIL:])
    else:
        tail = " | ".join((done.stderr or done.stdout).strip().splitlines()[-ERROR_TAIL:])
    shown = shlex.join(words if len(words) < 12 else [*words[:12], "…"])
    raise LabError(f"{shown}: exit code {done.returncode}: {tail}")


def succeeds(command: Sequence[str | Path]) -> bool:
    """Tell whether the command exits with 0, without a word on the terminal."""
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0
