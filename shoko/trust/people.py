"""Certificates by which people log in with SSH: signed by the authority's pair `people/issuer`, good for hours.

By `ssh-keygen -s`, because it signs for keys on a token too. What a certificate says is the declaration's word: one
principal, the person; the person's own addresses in the VPN; a terminal, and for staff the way on to other hosts.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shoko.bootstrap.keys import ensure_pair
from shoko.declaration.model import Declaration, Person
from shoko.trust.authority import SKEW
from shoko.trust.errors import TrustError
from shoko.trust.issue import note

LONGEST = timedelta(hours=8)  # a certificate is for a day's work
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Signed:
    """A certificate in OpenSSH's form, one line, and the instant at which it ends."""

    certificate: str
    until: datetime


def ensure_issuer(authority: Path) -> str:
    """Return the public key of the authority for people, "ssh-ed25519 AAAA…"; its pair is made if there is none."""
    folder = authority / "people"
    folder.mkdir(mode=0o700, exist_ok=True)
    return ensure_pair(folder / "issuer", "shoko-people").public


def public_key(declaration: Declaration, name: str) -> str:
    """Return a person's declared SSH key; where the lab makes it, from its pair. TrustError without one."""
    key = _person(declaration, name).ssh_key
    if key is None:
        raise TrustError(f"{name} has no ssh_key in the declaration, and only a declared key is certified")
    if key != "lab":
        return key
    return lab_key(name)


def lab_key(name: str) -> str:
    """Return the public key that stands for `lab` in the declaration; its pair is made once, outside git."""
    folder = CHECKOUT / ".lab" / "people"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return ensure_pair(folder / f"{name}.ssh", name).public


def until(declaration: Declaration, name: str, length: timedelta, window: datetime | None, now: datetime) -> datetime:
    """Return when a certificate that is asked for now ends: not after the account, a vendor's not after the window.

    `window` is until when a window of that person's flows is open, None if none is. TrustError where nothing is left.
    """
    person = _person(declaration, name)
    if length > LONGEST:
        raise TrustError(f"longer than {LONGEST.total_seconds() / 3600:.0f}h: sign another one tomorrow")
    ends = [now + length]
    account = declaration.end_of(person)
    if account is not None:
        ends.append(account.astimezone(UTC))
    if person.kind == "vendor":
        if window is None:
            raise TrustError(f"no window is open for {name}: `shoko window open` first, the certificate ends with it")
        ends.append(window)
    if min(ends) <= now:
        raise TrustError(f"the account of {name} has ended ({person.until})")
    return min(ends)


def sign(authority: Path, declaration: Declaration, name: str, end: datetime, now: datetime) -> Signed:
    """Sign a person's declared key until `end`, and note that it was done. TrustError where it cannot be signed."""
    person = _person(declaration, name)
    issuer = authority / "people" / "issuer"
    if not issuer.is_file():
        raise TrustError(f"{issuer}: no authority for people: run `shoko trust init -i inventories/{declaration.key}`")
    key = public_key(declaration, name)
    if key in declaration.revoked_keys:
        raise TrustError(f"the key of {name} is among revoked_keys")
    at = [str(address) for address in (person.ipv4, person.ipv6) if address is not None]
    serial = secrets.randbits(63)
    rights = ["clear", "permit-pty", f"source-address={','.join(at)}"]
    rights += ["permit-port-forwarding"] if person.kind == "staff" else []
    span = ":".join(moment.astimezone(UTC).strftime("%Y%m%d%H%M%S") for moment in (now - SKEW, end))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "key.pub")
        file.write_text(f"{key} {name}\n", encoding="utf-8")
        command = ["ssh-keygen", "-q", "-s", str(issuer), "-I", f"{name}@{declaration.key}", "-n", name, "-V", span]
        command += ["-z", str(serial), *(word for right in rights for word in ("-O", right)), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"TZ": "UTC"})
        if done.returncode != 0:
            raise TrustError(f"certificate for {name}: {done.stderr.strip()}")
        certificate = Path(folder, "key-cert.pub").read_text(encoding="utf-8")
    end = end.astimezone(UTC).replace(microsecond=0)
    note(authority, {"serial": f"{serial:x}", "name": name, "purpose": "people", "until": end.isoformat()})
    return Signed(certificate, end)


def _person(declaration: Declaration, name: str) -> Person:
    if name not in declaration.people:
        known = ", ".join(declaration.people) or "none"
        raise TrustError(f"no such person: {name} (there are: {known})")
    return declaration.people[name]
