"""What a site declares: read, checked, and given on as typed values."""

from shoko.declaration.load import check, load, site_directory
from shoko.declaration.model import Declaration
from shoko.declaration.problems import DeclarationInvalid, Problem

__all__ = ["Declaration", "DeclarationInvalid", "Problem", "check", "load", "site_directory"]
