"""What keeps a host's part in the composed proof from being understood."""

from shoko.proof.errors import ProofError


class NotUnderstood(ProofError):
    """Something that a host runs has no meaning here: what, where, and what to do."""
