"""Bibliographic records, authority records, search."""
