"""Shoko: a network-segmented library information system from one declaration."""

__version__ = "0.1.0"
