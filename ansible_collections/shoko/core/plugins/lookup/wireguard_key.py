"""A WireGuard key pair that the controller keeps in files, made on first use."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

DOCUMENTATION = r"""
name: wireguard_key
author: The Shoko authors
version_added: "0.1.0"
short_description: Private or public part of a WireGuard key pair kept on the controller
description:
  - Returns a key of the pair C(<path>.key) and C(<path>.pub), base64 as C(wg) writes it.
  - Makes the pair if there is none. It lies outside version control and stays the same from run to run.
options:
  _terms:
    description: Path without suffix.
    required: true
  part:
    description: Which key to return.
    type: str
    choices: [private, public]
    default: private
"""

EXAMPLES = r"""
- name: Show the public key of a person of the lab
  ansible.builtin.debug:
    msg: "{{ lookup('shoko.core.wireguard_key', '.lab/people/vendor-engineer', part='public') }}"
"""

RETURN = r"""
_raw:
  description: One key per path.
  type: list
  elements: str
"""

KEY_BYTES = 32  # RFC 7748


class LookupModule(LookupBase):
    """Reads, and where needed makes, key pairs."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return the wanted part of each pair."""
        self.set_options(var_options=variables, direct=kwargs)
        part = self.get_option("part")
        return [self._part(Path(term), part) for term in terms]

    @staticmethod
    def _part(path: Path, part: str) -> str:
        try:
            private = _private(path)
            if part == "private":
                return private
            return _public(private)
        except (OSError, ValueError, UnsupportedAlgorithm) as error:
            raise AnsibleLookupError(f"{path}.key: no usable WireGuard key ({error})") from error


def _private(path: Path) -> str:
    """Return the pair's private key; make both files if there are none."""
    file = path.with_name(path.name + ".key")
    if file.exists():
        text = file.read_text().strip()
        if len(base64.b64decode(text, validate=True)) != KEY_BYTES:
            raise ValueError(f"not {KEY_BYTES} bytes in base64")
        return text
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = base64.b64encode(X25519PrivateKey.generate().private_bytes_raw()).decode()
    # Hosts are templated side by side: whoever comes second finds the file and takes what is in it.
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.touch(mode=0o600)
    temporary.write_text(text + "\n")
    try:
        os.link(temporary, file)
    except FileExistsError:
        return file.read_text().strip()
    finally:
        temporary.unlink()
    path.with_name(path.name + ".pub").write_text(_public(text) + "\n")
    return text


def _public(private: str) -> str:
    key = X25519PrivateKey.from_private_bytes(base64.b64decode(private))
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()
