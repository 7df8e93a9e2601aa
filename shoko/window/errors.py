"""What can be wrong with a window."""

from shoko.errors import ShokoError


class WindowError(ShokoError):
    """A window that may not or could not be opened or closed."""
