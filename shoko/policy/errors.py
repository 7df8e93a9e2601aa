"""What the expansion refuses to do."""

from shoko.errors import ShokoError


class PolicyError(ShokoError):
    """A declaration that cannot be turned into rules without guessing: which flow, what is missing, what to write."""
