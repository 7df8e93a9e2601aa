"""What bootstrap refuses to do."""

from shoko.errors import ShokoError


class BootstrapError(ShokoError):
    """A site that cannot start from day-0 files: what is missing and where to declare it."""
