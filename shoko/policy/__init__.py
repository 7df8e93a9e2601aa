"""Flows become rules: the expansion, each host's slice, and the rulesets. Roles read slices and nothing else."""

from shoko.policy.errors import PolicyError
from shoko.policy.expand import Pass, expand
from shoko.policy.slice import digest, slices

__all__ = ["Pass", "PolicyError", "digest", "expand", "slices"]
