"""What keeps the matrix from being drawn."""

from shoko.errors import ShokoError


class MatrixError(ShokoError):
    """A proof that cannot be shown or a file that cannot be written: which, and what to do."""

    code = 2
