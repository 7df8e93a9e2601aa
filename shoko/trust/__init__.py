"""The site's own certificate authority: an offline root, one issuing authority per purpose, short-lived leaves."""

from shoko.trust.authority import PURPOSES, Authority, create_authority, default_directory, open_authority
from shoko.trust.errors import TrustError
from shoko.trust.issue import Wanted, issue

__all__ = [
    "PURPOSES",
    "Authority",
    "TrustError",
    "Wanted",
    "create_authority",
    "default_directory",
    "issue",
    "open_authority",
]
