"""Accounts of staff, one per person, with four permission levels."""
