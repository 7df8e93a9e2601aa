"""The password of the boot loader, as the boot loader takes it."""

from __future__ import annotations

import hashlib

from ansible_collections.shoko.core.plugins.filter.boot_loader import grub_hash


def test_the_hash_is_what_grub_computes_from_the_password() -> None:
    scheme, rounds, salt, key = grub_hash("correct", "tb-central").rsplit(".", 3)
    assert (scheme, salt) == ("grub.pbkdf2.sha512", salt.upper())
    computed = hashlib.pbkdf2_hmac("sha512", b"correct", bytes.fromhex(salt), int(rounds), dklen=64)
    assert bytes.fromhex(key) == computed


def test_a_second_run_changes_nothing_and_no_two_hosts_have_the_same_salt() -> None:
    here = grub_hash("correct", "tb-central")
    assert here == grub_hash("correct", "tb-central")
    assert here.split(".")[4] != grub_hash("correct", "tb-south").split(".")[4]
    assert here != grub_hash("wrong", "tb-central")
