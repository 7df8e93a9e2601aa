"""Certificates and anchors on a host: what is there, what waits, what is put in place."""

from __future__ import annotations

import grp
import hashlib
import os
from collections.abc import Callable

from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.state import read_json, write_atomic, write_json

Run = Callable[..., tuple[int, str, str]]  # AnsibleModule.run_command


class Store:
    """The certificates of one host.

    ``<state>/certificates.json`` remembers per certificate the digest of what was asked for, when it begins and
    ends (UNIX time), and the SHA-256 of the file, so that a changed or damaged file is noticed without parsing it.
    ``<state>/keys/<name>.pem`` holds a key that waits for its certificate.
    """

    def __init__(self, certificates: str, anchors: str, state: str) -> None:
        self._certificates = certificates
        self._anchors = anchors
        self._record_path = os.path.join(state, "certificates.json")
        self._pending = os.path.join(state, "keys")
        self._record: dict = read_json(self._record_path, {})

    def known(self) -> list[str]:
        """Names of the certificates that this host was given."""
        return list(self._record)

    def good(self, wanted: dict, renew_after: float, now: float) -> bool:
        """Tell whether the certificate is what is wanted, unaltered, and young enough."""
        have = self._record.get(wanted["name"])
        if have is None or have["digest"] != wanted["digest"]:
            return False
        path = self._path(wanted["name"])
        if _sha256(path) != have["sha256"] or _access(path) != self._access(wanted["name"]):
            return False
        return have["begin"] <= now < have["begin"] + (have["end"] - have["begin"]) * renew_after

    def missing_folders(self) -> list[str]:
        """The directories of certificates and anchors, and those above them, that are not there yet."""
        found: set[str] = set()
        for leaf in (self._certificates, self._anchors):
            folder = leaf
            while not os.path.exists(folder):
                found.add(folder)
                folder = os.path.dirname(folder)
        return sorted(found)

    def change(self, name: str) -> dict:
        """Say what a new certificate of that name would be for its file."""
        path = self._path(name)
        return {"path": path, "change": "modify" if os.path.exists(path) else "create"}

    def request(self, run: Run, name: str) -> str:
        """Return a signing request for a new key; a key that still waits from a broken run is used up first."""
        os.makedirs(self._pending, mode=0o700, exist_ok=True)
        key = self._key(name)
        if not os.path.exists(key):
            fresh = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
            write_atomic(key, _openssl(run, fresh).encode())
        return _openssl(run, ["openssl", "req", "-new", "-key", key, "-subj", "/CN=pending"])

    def install(self, run: Run, wanted: dict, signed: dict) -> dict:
        """Put key and chain in place as one file and forget the waiting key."""
        name = wanted["name"]
        key = self._key(name)
        if not os.path.exists(key):
            raise HostError(f"{key}: the key that certificate {name} was signed for is gone; run again")
        self._refuse_foreign(run, name, key, signed["chain"])
        with open(key, encoding="ascii") as stream:
            content = (stream.read() + signed["chain"]).encode()
        change = self.change(name)
        _write_for(change["path"], content, self._access(name))
        self._record[name] = {
            "digest": wanted["digest"],
            "begin": signed["begin"],
            "end": signed["end"],
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        write_json(self._record_path, self._record)
        os.unlink(key)
        return change

    def remove(self, name: str, *, dry: bool) -> dict:
        """Remove a certificate that is no longer wanted, with a key that waits for it."""
        if not dry:
            for path in (self._path(name), self._key(name)):
                if os.path.exists(path):
                    os.unlink(path)
            del self._record[name]
            write_json(self._record_path, self._record)
        return {"path": self._path(name), "change": "remove"}

    def anchor(self, name: str) -> str | None:
        """The text of an anchor file, None if there is none or it has other rights than it should."""
        path = os.path.join(self._anchors, name)
        if _access(path) != (0, 0, 0o644):
            return None
        with open(path, encoding="ascii", errors="replace") as stream:
            return stream.read()

    def put_anchor(self, name: str, text: str, *, dry: bool) -> dict:
        """Write an anchor file, readable by all."""
        path = os.path.join(self._anchors, name)
        change = {"path": path, "change": "modify" if os.path.exists(path) else "create"}
        if not dry:
            os.makedirs(self._anchors, mode=0o755, exist_ok=True)
            _write_for(path, text.encode(), (0, 0, 0o644))
        return change

    def _path(self, name: str) -> str:
        return os.path.join(self._certificates, f"{name}.pem")

    def _key(self, name: str) -> str:
        return os.path.join(self._pending, f"{name}.pem")

    def _access(self, name: str) -> tuple[int, int, int]:
        try:
            return (0, grp.getgrnam(f"tls-{name}").gr_gid, 0o640)
        except KeyError:
            return (0, -1, 0o640)  # no such group yet: no file can be right

    @staticmethod
    def _refuse_foreign(run: Run, name: str, key: str, chain: str) -> None:
        own = _openssl(run, ["openssl", "pkey", "-in", key, "-pubout"])
        given = _openssl(run, ["openssl", "x509", "-noout", "-pubkey"], chain)
        if own.strip() != given.strip():
            raise HostError(f"certificate {name} was signed for another key than this host's: nothing was installed")


def _openssl(run: Run, command: list[str], data: str | None = None) -> str:
    code, out, error = run(command, data=data)
    if code != 0:
        raise HostError(f"{' '.join(command[:2])} failed: {error.strip() or 'is package openssl installed?'}")
    return out


def _sha256(path: str) -> str | None:
    try:
        with open(path, "rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest()
    except FileNotFoundError:
        return None


def _access(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return (found.st_uid, found.st_gid, found.st_mode & 0o7777)


def _write_for(path: str, content: bytes, access: tuple[int, int, int]) -> None:
    """Replace a file in one step, with owner and mode right from the first moment that it has its name."""
    owner, group, mode = access
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o755, exist_ok=True)
    fresh = f"{path}.new"
    write_atomic(fresh, content)
    os.chown(fresh, owner, group)
    os.chmod(fresh, mode)
    os.replace(fresh, path)
