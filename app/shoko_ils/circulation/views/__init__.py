"""Screens of circulation besides the two windows of the counter. Thin: the services decide."""
