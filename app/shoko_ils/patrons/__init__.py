"""Patrons and their cards: the closed list of personal fields."""
