"""What keeps a question from being answered."""

from shoko.errors import ShokoError


class AskError(ShokoError):
    """A question that has no answer: what is unknown, and what is known. Not a `no`, which is exit code 1."""

    code = 2
