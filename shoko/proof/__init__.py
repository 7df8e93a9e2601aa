"""Proves that what the kernel enforces equals what the declaration permits, for every packet. See docs/proof.md.

Nothing here imports `shoko.policy`, except `rendered`, which asks it for rulesets to be judged: the expected set is a
second, independent reading of the declaration.
"""
