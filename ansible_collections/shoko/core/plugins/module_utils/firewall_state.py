"""One host's firewall: the boot file, the change that waits to be confirmed, the way back.

A pending change lives in /run alone: a reboot forgets it and starts from the boot file, which holds what was
last confirmed. Stands alone (standard library only), because the loader that starts with the host uses it too.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator

if __package__:
    from ansible_collections.shoko.core.plugins.module_utils import firewall_rules as rules
    from ansible_collections.shoko.core.plugins.module_utils import firewall_windows as windows
else:  # installed beside the loader
    import firewall_rules as rules
    import firewall_windows as windows

STATE = "/var/lib/shoko"
RUN = "/run/shoko-firewall"
BOOT_FILE = "/etc/nftables.conf"
TIMER = "shoko-firewall-undo"
FORWARDING = ("/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding")
_SET = re.compile(r"^\s*set\s+(\w+)\s*\{", re.MULTILINE)
_TABLE = re.compile(r"^\s*table\s+(\w+)\s+(\w+)\s*\{", re.MULTILINE)


def digest(text: str) -> str:
    """Return the name of a ruleset's bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def declared_sets(text: str) -> dict[str, str]:
    """Return ``{set: table}`` of a ruleset file in nft's block form."""
    tables = [(match.start(), f"{match[1]} {match[2]}") for match in _TABLE.finditer(text)]
    found = {}
    for match in _SET.finditer(text):
        before = [table for start, table in tables if start < match.start()]
        if before:
            found[match[1]] = before[-1]
    return found


def forwarding() -> list[str]:
    """Return the kernel's forwarding switches, IPv4 then IPv6, as they stand."""
    values = []
    for path in FORWARDING:
        with open(path, encoding="ascii") as stream:
            values.append(stream.read().strip())
    return values


def set_forwarding(values: list[str]) -> None:
    """Write the forwarding switches, only where they differ."""
    for path, value, now in zip(FORWARDING, values, forwarding(), strict=True):
        if value != now:
            with open(path, "w", encoding="ascii") as stream:
                stream.write(value)


def read_text(path: str) -> str:
    """Return a file's text; nothing if there is none."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""


class Firewall:
    """The firewall of the host that this runs on."""

    def __init__(self, state_dir: str = STATE, run_dir: str = RUN) -> None:
        self.windows_dir = os.path.join(state_dir, "windows")
        self.confirmed_file = os.path.join(state_dir, "firewall", "confirmed.json")
        self._run = run_dir
        self._pending = os.path.join(run_dir, "pending.json")
        self._public = os.path.join(run_dir, "state")
        self._candidate = os.path.join(run_dir, "candidate.nft")
        self._rollback = os.path.join(run_dir, "rollback.nft")
        self._boot = os.path.join(run_dir, "boot.nft")
        self._known = os.path.join(run_dir, "confirmed.json")

    # --- files ---

    @staticmethod
    def _write(path: str, text: str, mode: int = 0o600) -> None:
        folder = os.path.dirname(path)
        os.makedirs(folder, mode=0o755, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".shoko-")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)

    def _json(self, path: str) -> dict:
        try:
            return json.loads(read_text(path) or "{}")
        except ValueError:
            return {}

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Let one program at a time change the firewall."""
        os.makedirs(self._run, mode=0o755, exist_ok=True)
        # Its unit's mask of rights (0077) would keep everybody from reading how the change stands.
        os.chmod(self._run, 0o755)  # noqa: S103
        # For root alone: whoever may open it, reading included, may hold it, and the undo would wait for them.
        handle = os.open(os.path.join(self._run, "lock"), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.fchmod(handle, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def pending(self) -> dict:
        """Return the change that waits for its confirmation, or nothing."""
        return self._json(self._pending)

    def confirmed(self) -> dict:
        """Return what was last confirmed: digest, tables, what it permits, and the kernel's own words for it."""
        return self._json(self.confirmed_file)

    def say(self, word: str, ident: str, text: str = "") -> None:
        """Tell everybody on the host how a change stands; the controller reads it over a new connection."""
        self._write(self._public, f"{word} {ident} {' '.join(text.split())}".strip() + "\n", 0o644)

    # --- rulesets ---

    def transaction(self, tables: list[str], text: str) -> tuple[str, list[str]]:
        """Return the replacement of the owned tables with the windows that are open now, and problems."""
        openings, problems = windows.live(self.windows_dir)
        return rules.replacement(tables, f"{text}\n{windows.additions(openings, declared_sets(text))}"), problems

    def begin(
        self,
        text: str,
        tables: list[str],
        *,
        permits: list[dict],
        boot_file: str,
        bound: int,
        forward: bool | None,
        command: list[str],
    ) -> str:
        """Check a ruleset, save the way back, arm the undo, and let the apply start; return the change's name.

        Nothing is applied when it returns: a detached unit does that a moment later, so that the answer
        is out before the connection may be cut. The undo is armed before.
        """
        composed, _ = self.transaction(tables, text)
        rules.nft(["-c"], composed)
        rollback = rules.replacement(tables, rules.running(tables))
        rules.nft(["-c"], rollback)
        ident = os.urandom(6).hex()
        self._write(self._candidate, text)
        self._write(self._rollback, rollback)
        self._write(self._boot, read_text(boot_file))
        self._write(self._known, read_text(self.confirmed_file))
        self._write(self._pending, json.dumps({
            "id": ident, "tables": tables, "boot_file": boot_file, "forward": forward, "before": forwarding(),
            "permits": permits,
        }))  # fmt: skip
        self.say("armed", ident)
        try:
            self._start_units(ident, bound, command)
        except rules.FirewallError:
            self._forget()
            raise
        return ident

    def _start_units(self, ident: str, bound: int, command: list[str]) -> None:
        """Arm the undo, then start the apply."""
        self._unit(TIMER, [*command, "undo", ident], [f"--on-active={bound}", "--timer-property=AccuracySec=100ms"])
        self._unit("shoko-firewall-apply", [*command, "apply", ident], [])

    @staticmethod
    def _unit(name: str, command: list[str], options: list[str]) -> None:
        for kind in (".timer", ".service"):
            subprocess.run(["systemctl", "stop", "--", f"{name}{kind}"], capture_output=True, check=False)
        done = subprocess.run(
            ["systemd-run", "--quiet", "--collect", f"--unit={name}", *options, "--", *command],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise rules.FirewallError(f"systemd-run: {done.stderr.strip()}; nothing was changed")

    def apply(self, ident: str) -> str:
        """Load the pending ruleset; return a line for the journal."""
        pending = self.pending()
        if pending.get("id") != ident:
            return f"change {ident} is no longer pending"
        composed, problems = self.transaction(pending["tables"], read_text(self._candidate))
        try:
            rules.nft([], composed)
            if pending["forward"] is not None:
                set_forwarding(["1" if pending["forward"] else "0"] * 2)
        except (rules.FirewallError, OSError) as error:
            set_forwarding(pending["before"])
            self._stop_undo()
            self._forget()
            self.say("refused", ident, str(error))
            raise
        self.say("applied", ident)
        return "; ".join([f"change {ident} applied, waits to be confirmed", *problems])

    def undo(self, ident: str | None = None) -> str:
        """Put back what ran before the pending change; return a line for the journal.

        The boot file and the record go back too: a confirmation that was killed half way may have written them.
        """
        pending = self.pending()
        if not pending or (ident and pending["id"] != ident):
            return "nothing to undo"
        try:
            rules.nft([], read_text(self._rollback))
        finally:
            set_forwarding(pending["before"])
        boot = read_text(self._boot)
        if boot and boot != read_text(pending["boot_file"]):
            self._write(pending["boot_file"], boot, 0o644)
        known = read_text(self._known)
        if known != read_text(self.confirmed_file):
            self._write(self.confirmed_file, known)
        self._forget()
        self.say("undone", pending["id"])
        return f"change {pending['id']} was not confirmed: the former rules are back"

    def confirm(self, ident: str) -> None:
        """Make the pending change the one the host starts with, then stop the undo.

        Killed anywhere in between, the undo puts everything back, the boot file included.
        """
        if read_text(self._public).startswith(f"confirmed {ident}"):
            return  # asked once more: the connection broke before the first answer was through
        pending = self.pending()
        if pending.get("id") != ident or not read_text(self._public).startswith(f"applied {ident}"):
            raise rules.FirewallError(f"change {ident} is no longer there to be confirmed; the former rules are back")
        text = read_text(self._candidate)
        self._write(pending["boot_file"], text, 0o644)
        self._write(self.confirmed_file, json.dumps({
            "digest": digest(text), "tables": pending["tables"], "permits": pending["permits"],
            "kernel": rules.canonical(pending["tables"]),
        }, indent=1))  # fmt: skip
        self._stop_undo()
        self._forget()
        self.say("confirmed", ident)

    @staticmethod
    def _stop_undo() -> None:
        subprocess.run(["systemctl", "stop", "--", f"{TIMER}.timer"], capture_output=True, check=False)

    def _forget(self) -> None:
        for path in (self._pending, self._candidate, self._rollback, self._boot, self._known):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    # --- start of the host ---

    def load(self, *, boot_file: str, forward: bool) -> str:
        """Load the boot file as the host starts; forwarding only stands after a successful load.

        A pending change ends: what was confirmed last is what a start means.
        """
        text = read_text(boot_file)
        tables = self.confirmed().get("tables", [])
        try:
            if not text.strip():
                raise rules.FirewallError(f"{boot_file}: is missing or empty")
            composed, problems = self.transaction(tables, text)
            try:
                rules.nft([], composed)
            except rules.FirewallError as error:
                problems.append(f"loaded without windows: {error}")
                rules.nft([], rules.replacement(tables, text))
        except (rules.FirewallError, OSError):
            if forward:
                set_forwarding(["0", "0"])
            raise
        if forward:
            set_forwarding(["1", "1"])
        if pending := self.pending():
            self._stop_undo()
            self._forget()
            self.say("undone", pending["id"], "the boot file was loaded")
        else:
            self.say("loaded", "boot")
        return "; ".join([f"{boot_file} loaded", *problems])

    # --- windows ---

    def windows_differ(self, tables: list[str]) -> bool:
        """Tell whether the timed sets hold anything else than what is open now."""
        sets = rules.timed_sets(tables)
        openings, _ = windows.live(self.windows_dir)
        wanted: dict[str, list[tuple[str, ...]]] = {}
        for one in openings:
            wanted.setdefault(one.set_name, []).append(one.cells)
        return any(found != sorted(wanted.get(name, [])) for (_, name), found in sets.items())

    def sync_windows(self, tables: list[str]) -> list[str]:
        """Make the timed sets hold exactly what is open now, in one transaction; return problems."""
        sets = rules.timed_sets(tables)
        openings, problems = windows.live(self.windows_dir, time.time())
        flush = "".join(f"flush set {table} {name}\n" for table, name in sets)
        rules.nft([], flush + windows.additions(openings, {name: table for table, name in sets}))
        return problems
