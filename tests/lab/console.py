"""What role `hardening` does to passwords at a console, asked of any host: by a command that runs there as root."""

from pathlib import Path
from typing import Protocol

import yaml

LIMITS = yaml.safe_load((Path(__file__).resolve().parents[2] / "shoko/data/kernel.yml").read_text())["console"]
PROBATION = "probation"  # an account with a password, for the time of a test
PASSWORD, NEXT = "Correct-Horse-9-Battery", "Other-Horse-8-Staple"
# The time passes: each wrong try (struct tally: 52 bytes of source, reserved, status, seconds) lies further back.
EARLIER = """
import struct
path = "/var/log/faillock/{name}"
data = open(path, "rb").read()
step = struct.Struct("=52sHHQ")
rows = [step.unpack(data[at:at + step.size]) for at in range(0, len(data), step.size)]
open(path, "wb").write(b"".join(step.pack(a, b, c, when - {seconds}) for a, b, c, when in rows))
"""


class Run(Protocol):
    """Runs a shell command on the host as root and returns what it said."""

    def __call__(self, command: str, *, check: bool = True) -> str: ...


def enters(run: Run, password: str, account: str = PROBATION) -> bool:
    """Whether a password lets one in, as at a console: asked by an account that is not root."""
    asking = f"setpriv --reuid daemon --clear-groups su {account} -c 'echo is in'"
    return "is in" in run(f"printf '%s\\n' '{password}' | {asking} 2>/dev/null", check=False)


def takes(run: Run, password: str) -> bool:
    """Whether root may give this password to the account."""
    return run(f"echo {PROBATION}:{password} | chpasswd >/dev/null 2>&1; echo $?").strip() == "0"


def closes_after_wrong_passwords(run: Run) -> None:
    """An account with a password: it opens, closes, opens again when the time has passed, and takes no weak one."""
    run(f"useradd {PROBATION} && echo {PROBATION}:{PASSWORD} | chpasswd && faillock --user {PROBATION} --reset")
    try:
        assert enters(run, PASSWORD)
        for _ in range(LIMITS["deny"]["is"]):
            assert not enters(run, "wrong")
        assert not enters(run, PASSWORD), "closed, for the right password too"
        seconds = LIMITS["closed_seconds"]["is"] + 1
        run(f"python3 - <<'END'\n{EARLIER.format(name=PROBATION, seconds=seconds)}END")
        assert enters(run, PASSWORD)
        assert not takes(run, "short1"), "too short, from root either"
        assert takes(run, NEXT)
        assert not takes(run, PASSWORD), "one of the last ones"
    finally:
        run(f"userdel {PROBATION}; rm -f /var/log/faillock/{PROBATION}")


def keeps_root_out(run: Run) -> None:
    """Root has a password for once, and it opens nothing."""
    run(f"echo root:{PASSWORD} | chpasswd")
    try:
        assert not enters(run, PASSWORD, "root")
    finally:
        run("usermod -p '*' root; faillock --user root --reset")
