"""What keeps two declarations from being compared."""

from shoko.errors import ShokoError


class DiffError(ShokoError):
    """A declaration that cannot be read: which, and what to do."""

    code = 2
