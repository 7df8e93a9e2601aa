"""What keeps drift from being looked for."""

from shoko.errors import ShokoError


class DriftError(ShokoError):
    """Nothing can be said: what is missing and what to do."""

    code = 2
