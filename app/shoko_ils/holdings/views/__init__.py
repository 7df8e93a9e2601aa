"""Screens of items, for the staff service. Thin: the services decide."""
