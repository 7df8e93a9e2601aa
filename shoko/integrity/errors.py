"""What keeps files from being compared."""

from shoko.errors import ShokoError


class IntegrityError(ShokoError):
    """Nothing can be said: what is missing and what to do."""

    code = 2
