# Copyright: the Shoko authors
"""Filter by which a role gives the boot loader its password, as a hash."""

from __future__ import annotations

import hashlib

ROUNDS = 10000  # as grub-mkpasswd-pbkdf2(1): the boot loader computes them without the processor's help


def grub_hash(password, salt):
    """Return what `password_pbkdf2` of GRUB takes. The same password and salt (a name) give the same hash."""
    seed = hashlib.sha512(str(salt).encode()).digest()
    key = hashlib.pbkdf2_hmac("sha512", str(password).encode(), seed, ROUNDS)
    return f"grub.pbkdf2.sha512.{ROUNDS}.{seed.hex().upper()}.{key.hex().upper()}"


class FilterModule:
    """Filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"grub_hash": grub_hash}
