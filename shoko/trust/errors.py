"""Errors of the authority, one clear line each."""

from shoko.errors import ShokoError


class TrustError(ShokoError):
    """A certificate authority is missing or damaged, or was asked for what it must not sign."""
