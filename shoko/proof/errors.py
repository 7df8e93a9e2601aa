"""What keeps a proof from starting."""

from shoko.errors import ShokoError


class ProofError(ShokoError):
    """A proof that cannot be made: what is missing and what to do."""

    code = 2
