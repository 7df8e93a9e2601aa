"""Proves that what the kernel enforces equals what the declaration permits, for every packet. See docs/proof.md.

Nothing here imports `shoko.policy`, except the one file that asks it for rendered rulesets to be judged: the
expected set is a second, independent reading of the declaration.
"""
